"""A recording read back from a file."""

from __future__ import annotations

from .exports.bundle import Source, load_bundle
from .recording import Recording


def load_recording(source: Source) -> Recording:
    """Read a recording from a ``.qasr`` bundle.

    Of a file whose end is missing, as after a copy that broke off, what is there is read; the recording is
    then not complete, and its notes say what is missing.

    Parameters
    ----------
    source : path, bytes or binary file
        A bundle written by `Recording.save`.

    Raises
    ------
    BundleError
        The file does not exist, is no bundle, is damaged or ends within its manifest, or was written by a
        newer version.

    Examples
    --------
    >>> import tempfile
    >>> from qwen_asr_widgets import SessionConfig
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Recording(SessionConfig(sample_rate=8000)).save(folder.name + "/empty.qasr")
    >>> load_recording(path).config.sample_rate, load_recording(path.read_bytes()).config.sample_rate
    (8000, 8000)
    >>> folder.cleanup()
    """
    return load_bundle(source, Recording.restore)
