"""Files that pages send in slices, in any order; one that is not completed in time is dropped."""

from __future__ import annotations

from dataclasses import dataclass, field

from .messages import SliceMessage

UPLOAD_LIMIT = 2 << 30
"""Bytes above which a file is refused before its first slice is kept; pages refuse it themselves."""

MOST_UPLOADS = 16
"""Files that may be on their way at once."""

MOST_SLICES = 1 << 16
"""Slices of one file: of the largest, pieces of 32 kB; pages send 1 MiB."""

REMEMBERED = 1_000
"""Files given up whose further slices are passed over; of older ones nothing comes any more."""

UPLOAD_TIMEOUT = 60.0
"""Seconds without a slice after which the beginning of a file is dropped: its page is gone."""

REST_TIMEOUT = 5.0
"""The same once the last slice has come: the missing ones were lost, or are still on a slower connection."""


class UploadError(ValueError):
    """A file that did not arrive: ``code`` as in ``capture/capture.js``, ``client`` its page."""

    def __init__(self, code: str, detail: str, client: str) -> None:
        super().__init__(detail)
        self.code = code
        self.client = client


@dataclass(frozen=True)
class FileArriving:
    """Of the ``size`` bytes of a file, named by the id ``upload``, ``held`` have come."""

    client: str
    upload: str
    held: int
    size: int


@dataclass(frozen=True)
class FileOpened:
    """A file chosen in the browser has arrived whole."""

    name: str
    data: bytes = field(repr=False)
    client: str = ""
    upload: str = ""


@dataclass
class _Upload:
    """A file of which some slices have come, the latest at the monotonic time ``at``."""

    first: SliceMessage
    at: float = 0.0
    parts: dict[int, bytes] = field(default_factory=dict)
    held: int = 0

    def place(self, part: SliceMessage) -> bool:
        """Put a slice where it belongs; return whether it belongs to this file."""
        first = self.first
        same = (part.name, part.size, part.count) == (first.name, first.size, first.count)
        is_new = part.index not in self.parts
        fits = self.parts.setdefault(part.index, part.data) == part.data
        self.held += len(part.data) if is_new else 0
        return same and fits and self.held <= first.size

    def is_late(self, now: float) -> bool:
        """Tell whether no slice has come for too long."""
        whole = self.first.count - 1 in self.parts
        return now - self.at > (REST_TIMEOUT if whole else UPLOAD_TIMEOUT)

    def incomplete(self) -> UploadError:
        first = self.first
        detail = f"{self.held} of {first.size} bytes of {first.name} arrived; open it again"
        return UploadError("incomplete", detail, first.client)


class Uploads:
    """The files on their way, of all pages."""

    def __init__(self) -> None:
        self._uploads: dict[str, _Upload] = {}
        self._refused: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._uploads)

    def held(self, upload: str) -> int:
        """Return how many bytes of a file have come, 0 where none is on its way."""
        return self._uploads[upload].held if upload in self._uploads else 0

    def forget(self, upload: str) -> None:
        """Let go of a file that its page has given up; slices that still come are not taken."""
        self._uploads.pop(upload, None)
        self._refuse(upload)

    def take(self, part: SliceMessage, now: float) -> bytes | None:
        """Take a slice at the monotonic time ``now``; return the file once it is whole.

        Raises
        ------
        UploadError
            The file is too large or one too many, or the slice does not fit; said once for each file.
        """
        if part.upload in self._refused:
            return None
        self._check(part)
        upload = self._uploads.setdefault(part.upload, _Upload(part))
        upload.at = now
        if not upload.place(part):
            self._give_up(part.upload)
            detail = f"a slice of {part.name} does not fit the others; open it again"
            raise UploadError("incomplete", detail, part.client)
        if len(upload.parts) < part.count:
            return None
        if upload.held != part.size:
            self._give_up(part.upload)
            raise upload.incomplete()
        del self._uploads[part.upload]
        return b"".join(upload.parts[index] for index in range(part.count))

    def _check(self, part: SliceMessage) -> None:
        if part.size > UPLOAD_LIMIT:
            self._refuse(part.upload)
            detail = f"{part.name} is larger than {UPLOAD_LIMIT >> 30} GiB; use AudioClip.load with its path"
            raise UploadError("toolarge", detail, part.client)
        is_one_too_many = part.upload not in self._uploads and len(self._uploads) >= MOST_UPLOADS
        if is_one_too_many or part.count > MOST_SLICES:
            self._refuse(part.upload)
            why = f"{MOST_UPLOADS} others are on their way" if is_one_too_many else f"{part.count} slices"
            raise UploadError("incomplete", f"{part.name} was not taken ({why}); open it again", part.client)

    def drop_late(self, now: float) -> list[UploadError]:
        """Let go of the files of which nothing has come for too long, and return what is wrong with them."""
        late = {key: upload for key, upload in self._uploads.items() if upload.is_late(now)}
        for key in late:
            self._give_up(key)
        return [upload.incomplete() for upload in late.values()]

    def _give_up(self, key: str) -> None:
        del self._uploads[key]
        self._refuse(key)

    def _refuse(self, upload: str) -> None:
        self._refused[upload] = None
        if len(self._refused) > REMEMBERED:
            del self._refused[next(iter(self._refused))]
