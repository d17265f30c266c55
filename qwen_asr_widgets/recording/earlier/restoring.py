"""Recordings made of an earlier one: read from a file, or going on where its run was broken off."""

from __future__ import annotations

import time
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from ...client.endpoints import Endpoint
from ...errors import SettingError
from ...protocol.config import SessionConfig
from ..log.run_info import engine_name
from ..recording import Recording

if TYPE_CHECKING:
    from ..bundle.bundle import Source


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
    from ..bundle.bundle import load_bundle

    return load_bundle(source, Recording.restore)


def opened_recording(source: Recording | str | PathLike[str], taker: str) -> Recording:
    """Return a recording given as such or as the path of its bundle, for the function ``taker``.

    Raises
    ------
    SettingError
        It is neither.
    BundleError
        The file is no bundle, or cannot be read.

    Examples
    --------
    >>> opened_recording(7, "replay")
    Traceback (most recent call last):
    qwen_asr_widgets.errors.SettingError: replay takes a Recording or the path of a .qasr file, not 7.
    """
    if isinstance(source, Recording):
        return source
    if isinstance(source, (str, PathLike)):
        return load_recording(Path(source))
    raise SettingError(
        f"{taker} takes a Recording or the path of a .qasr file, not {source!r:.60}.", "recording"
    )


def goes_on(
    recording: Recording, endpoint: Endpoint, config: SessionConfig | None, turn_taking: str,
    end_of_turn: str = "",
) -> bool:
    """Tell whether a run of a recording's sound is to go on where its run ended, rather than begin anew.

    It does where that run was broken off and had brought something, and the service, the settings (None: as
    they were) and who takes turns, by which model, are the same.
    """
    info = recording.info
    taken = (info.turn_taking, info.end_of_turn)
    is_same = info.engine == engine_name(endpoint) and taken == (turn_taking, end_of_turn)
    was_begun = bool(recording.connections and recording.utterances and not recording.complete)
    return was_begun and is_same and config in (None, recording.config)


def resumed_at(recording: Recording) -> int:
    """Return the sample from which on a run that goes on sends a recording's sound: 0.1 s of it at least.

    A run of no sound at all would be refused.
    """
    rate = recording.tape.sample_rate
    return max(0, min(round(recording.plan.start * rate), len(recording.tape) - rate // 10))


def continued(recording: Recording, samples: int | None = None) -> Recording:
    """Return a recording that goes on where the run of another one ended.

    It holds all that passed, its clock goes on from the last of it, and a `Run` of it sends what has no
    answer yet. What the other one said of its end, its last note, it does not say.

    Parameters
    ----------
    recording : Recording
        The other one.
    samples : int, optional
        How much of the sound it holds; None: all.

    Examples
    --------
    >>> import numpy as np
    >>> before = Recording()
    >>> start = before.tape.append(np.zeros(16_000, np.int16))
    >>> continued(before).duration, continued(before, 8_000).duration
    (1.0, 0.5)
    """
    state = recording.snapshot()
    state = state._replace(
        samples=state.samples[:samples], events=tuple(state.events), complete=False,
        notes=state.notes if state.complete else state.notes[:-1],
    )
    return Recording.restore(state, began=time.monotonic() - recording.last_sign)
