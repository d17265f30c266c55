"""What a view shows: a sound, a recording, or both, said in messages."""

from __future__ import annotations

import uuid
import weakref
from typing import TYPE_CHECKING, Any

from ...audio.clip import AudioClip
from .commands import Command, Commands
from .run_messages import Lanes, RunMessages
from .sound_messages import AudioRequest, Sound, SoundMessages, TilesRequest
from .throttle import Message

if TYPE_CHECKING:
    from ...recording import Recording

_names: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


def source_name(source: Any) -> str:
    """Return the name under which views of one page recognise the same recording or clip."""
    return _names.setdefault(source, uuid.uuid4().hex)


def clip_title(clip: AudioClip) -> str:
    """Return a name worth showing: a file's, not ``"array"``."""
    return "" if clip.origin.name in ("array", "bytes") else clip.origin.name


class Shown:
    """A recording, the sound that is drawn and played, and turns beside them. Thread-safe.

    Kernel to page: ``run`` (utterances, lanes, marks; a snapshot, or a patch on the version before),
    ``sound`` (rate and length), ``tiles`` and ``grow`` (minima and maxima as int16), ``pcm`` (int16). Page to
    kernel: ``tiles`` (ranges of a level of the pyramid) and ``audio`` (samples to play).

    Parameters
    ----------
    recording : Recording or None
        Finished or growing; None for a sound that was not transcribed.
    sound : AudioClip, Tape or None
        What is drawn and played; None for a view without sound.
    title : str
        What it is called.
    lanes : dict of str to sequence of turns
        Turns by role, see `RunMessages`.
    run : RunMessages, optional
        What follows the recording; made here where none is given.

    Examples
    --------
    >>> import numpy as np
    >>> shown = Shown(None, AudioClip(np.zeros(16_000, np.float32), 16_000), "talk.wav")
    >>> [content["kind"] for content, _ in shown.opening()], shown.caption
    (['run', 'sound', 'tiles'], 'talk.wav (1.0 s)')
    """

    def __init__(
        self, recording: Recording | None, sound: Sound | None, title: str = "", lanes: Lanes | None = None,
        run: RunMessages | None = None,
    ) -> None:
        self.recording = recording
        self.title = title
        name = run.source if run else source_name(recording if recording is not None else sound)
        self.run = run or RunMessages(name, recording, title, lanes)
        self.sound = SoundMessages(sound, name) if sound is not None else None

    @property
    def growing(self) -> bool:
        """Whether more is to come."""
        return self.run.growing

    def opening(self) -> list[Message]:
        """Return everything a view needs before its first picture."""
        sound = self.sound.opening(self.run.growing) if self.sound else []
        return [self.run.snapshot(), *sound]

    def changes(self) -> list[Message]:
        """Return what has changed since views were told last."""
        growth = self.sound.growth() if self.sound else []
        return [*self.run.changes(), *growth]

    def tiles(self, wanted: TilesRequest) -> list[Message]:
        """Return the tiles that a view asks for."""
        return self.sound.tiles(wanted) if self.sound else []

    def audio(self, wanted: AudioRequest) -> list[Message]:
        """Return the samples that a view wants to play."""
        return self.sound.audio(wanted) if self.sound else []

    @property
    def commands(self) -> Commands:
        """What a view may ask about the sound."""
        return {"tiles": Command(TilesRequest, self.tiles), "audio": Command(AudioRequest, self.audio)}

    @property
    def caption(self) -> str:
        """What is shown and how long it is."""
        name = self.title or (self.recording.info.name if self.recording is not None else "") or "Recording"
        sound = self.sound.sound if self.sound else None
        seconds = sound.duration if sound is not None else self.recording.duration if self.recording else 0.0
        return f"{name} ({seconds:.1f} s)"

    @property
    def summary(self) -> str:
        """What is shown, how long it is, and how many utterances it has."""
        if self.recording is None:
            return self.caption
        count = len(self.recording.utterances)
        return f"{self.caption}, {count} {'utterance' if count == 1 else 'utterances'}"
