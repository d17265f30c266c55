"""Record first, transcribe then: the clip recorder as one of the ways sound comes into a transcriber."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..capture import capture
from ..clip_recorder.clip_recorder import ClipRecorder

if TYPE_CHECKING:
    from ...audio.clip import AudioClip


class ClipWay:
    """Whether Record records a clip first, and what with. The recorder is made when it is first wanted.

    Parameters
    ----------
    given : ClipRecorder or None
        A recorder of the user's; then this is the way chosen, and closing leaves it alone.
    lang : str
        See `ClipRecorder`.
    brought : callable
        Given each clip as it arrives.
    begun : callable
        Told when a page has begun to record a clip, or has said why it cannot.
    """

    def __init__(
        self, given: ClipRecorder | None, lang: str, brought: Callable[[AudioClip], None],
        begun: Callable[[], None],
    ) -> None:
        self.chosen = given is not None
        self.recorder: ClipRecorder | None = None
        self._lang = lang
        self._brought = brought
        self._begun = begun
        self._own = given is None
        if given is not None:
            self._use(given)

    @property
    def pending(self) -> bool:
        """Whether a clip is being recorded or on its way."""
        return self.recorder is not None and self.recorder.pending

    @property
    def problem(self) -> str:
        """Why the last clip did not come."""
        return self.recorder.problem if self.recorder is not None else ""

    def choose(self, chosen: bool) -> None:
        """Let Record record a clip first, or sound as it is spoken."""
        if chosen:
            self.make()
        self.chosen = chosen

    def make(self) -> None:
        """Have a recorder ready, also for pages whose kernel hears nothing while a cell runs."""
        if self.recorder is None:
            self._use(ClipRecorder(lang=self._lang))

    def state(self) -> dict[str, Any]:
        """Return what a view needs to record with it."""
        return {"clips": self.chosen, "clip_uid": self.recorder.uid if self.recorder is not None else ""}

    def close(self) -> None:
        """Close the recorder, if it was made here."""
        if self.recorder is not None and self._own:
            self.recorder.close()

    def _use(self, recorder: ClipRecorder) -> None:
        self.recorder = recorder
        recorder.on_clip(self._brought)
        recorder.uplink.subscribe(self._heard)

    def _heard(self, event: capture.CaptureEvent) -> None:
        if isinstance(event, (capture.CaptureStarted, capture.CaptureProblem)):
            self._begun()
