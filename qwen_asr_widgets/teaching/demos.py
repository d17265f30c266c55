"""Five demonstrations of a minute each for a lecture: a widget with something to see, and its story."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

import ipywidgets
import numpy as np

from ..arguments import suggestion
from ..audio.clip import AudioClip
from ..audio.reference import ReferenceTurn
from ..audio.samples import sample
from ..client.embedded import embedded
from ..errors import SettingError
from ..protocol.config import SessionConfig
from ..vad.turns import TurnDetection
from ..widgets.shared.presentation import presented
from ..widgets.shared.view_widget import BaseWidget
from ..widgets.transcriber.transcriber import Transcriber
from ..widgets.tuner.vad_tuner import VadTuner
from .line import LoopbackLine
from .texts import checked_language, texts

Build = Callable[[str, contextlib.ExitStack], "list[ipywidgets.DOMWidget]"]
"""Given the language and what is to be ended with the demonstration, returns its widgets."""

STEPS = 3
"""Steps that a story has: what to do, what to see, what to ask the audience."""


class Demo(ipywidgets.VBox):
    """A demonstration: its title, its story in three steps, and its widgets.

    Parameters
    ----------
    name : str
        One of those that `demo` knows.
    language : str
        ``"en"`` or ``"zh"``.
    presentation : bool
        Whether story and widgets are shown for a projector.

    Attributes
    ----------
    title : str
    story : tuple of str
        What to do, what to see, and what to ask.
    """

    def __init__(self, name: str, language: str, presentation: bool = False) -> None:
        self.name, known = name, texts(language)
        self.title = known[f"demo.{name}"]
        self.story = tuple(known[f"demo.{name}.{step}"] for step in range(1, STEPS + 1))
        self._held = contextlib.ExitStack()
        told = ipywidgets.HTML(_told(self.title, self.story, 1.6 if presentation else 1.15))
        shown = DEMOS[name](language, self._held)
        for widget in shown:
            if isinstance(widget, BaseWidget):
                widget.presentation = presentation
            elif presentation:
                widget.style.font_size, widget.layout = "1.6em", {"width": "auto", "height": "auto"}
        super().__init__([told, *shown])

    def __repr__(self) -> str:
        return "\n".join([self.title, *(f"{number}. {step}" for number, step in enumerate(self.story, 1))])

    def close(self) -> None:
        """End what the demonstration holds, a line for example, and take it from the page."""
        self._held.close()
        super().close()


def demo(
    name: str = "cut-off", *, language: str | None = None, presentation: bool | None = None
) -> Demo:
    """Return a demonstration of a minute for a lecture, without a microphone, a key or a network.

    Parameters
    ----------
    name : {"cut-off", "merged", "wait", "hallucination", "lost-line"}
        Somebody is cut off mid-sentence; two speakers are run together; what the wait consists of; a word
        that nobody said; a line that is cut.
    language : str or None
        Of story and widget: ``"en"`` or ``"zh"``; None: that of the notebook, as `Course.check` has it.
    presentation : bool or None
        Whether it is shown for a projector, large and with strong contrast; None: as
        ``qwen_asr_widgets.presentation`` says.

    Returns
    -------
    Demo
        To be shown by a cell; its ``close()`` ends what it holds.

    Raises
    ------
    SettingError
        There is no such demonstration, or ``presentation`` is no bool.

    Examples
    --------
    >>> from qwen_asr_widgets import demo
    >>> demo("cut-off")
    Cut off mid-sentence
    1. Look at the two turns in the row Trying: one sentence was said. The silence is 300 ms.
    2. Drag the silence upwards until both are one: at 577 ms. The wait beside it grows with each step.
    3. Ask: how long would you wait for somebody who thinks? And for everybody who does not?
    """
    if name not in DEMOS:
        near = suggestion(str(name), tuple(DEMOS)) or f"; there are {', '.join(DEMOS)}."
        raise SettingError(f"There is no demonstration {name!r:.40}{near}", "name")
    return Demo(name, checked_language(language), presented(presentation))


def _told(title: str, story: tuple[str, ...], size: float) -> str:
    from html import escape

    steps = "".join(f"<li>{escape(step)}</li>" for step in story)
    told = f'<b>{escape(title)}</b><ol style="margin:4px 0">{steps}</ol>'
    return f'<div style="font-size:{size}em;line-height:1.4">{told}</div>'


def _config(silence_ms: int) -> SessionConfig:
    return SessionConfig(language="en", turn_detection=TurnDetection(0.2, silence_ms))


def _cut_off(language: str, held: contextlib.ExitStack) -> list[ipywidgets.DOMWidget]:
    """One sentence with a pause for thought, of the conversation's sixth turn."""
    first, last = 21.6, 26.6
    talk = sample("conversation")
    said = [
        ReferenceTurn(turn.start - first, turn.end - first, turn.text)
        for turn in talk.turns if first < turn.start and turn.end < last
    ]
    clip = talk.clip[first:last]
    return [VadTuner(clip, said, settings=TurnDetection(0.2, 300), lang=language)]


def _merged(language: str, held: contextlib.ExitStack) -> list[ipywidgets.DOMWidget]:
    return [VadTuner(sample("noisy"), settings=TurnDetection(0.2, 800), lang=language)]


def _wait(language: str, held: contextlib.ExitStack) -> list[ipywidgets.DOMWidget]:
    return [Transcriber(
        sample("conversation").clip[:13.6], config=_config(800), lang=language, autosave=False,
    )]


def noise_that_sounds_like_speech() -> AudioClip:
    """Return five seconds of silence with a third of a second of a voice, too short for a word."""
    voice = sample("conversation").clip.samples[16_000:20_800]
    return AudioClip(np.concatenate([np.zeros(32_000), voice, np.zeros(48_000)]).astype(np.float32), 16_000)


def _hallucination(language: str, held: contextlib.ExitStack) -> list[ipywidgets.DOMWidget]:
    service = embedded("script", words=[], quirks={"invented_words": True})
    return [Transcriber(
        noise_that_sounds_like_speech(), service, _config(800), lang=language, autosave=False,
    )]


def _lost_line(language: str, held: contextlib.ExitStack) -> list[ipywidgets.DOMWidget]:
    line = held.enter_context(LoopbackLine(embedded()))
    button = ipywidgets.Button(description=texts(language)["demo.lost-line.cut"], button_style="danger")
    button.on_click(lambda _: line.cut())
    clip = sample("conversation").clip[:17.4]
    return [button, Transcriber(clip, line.endpoint, _config(400), lang=language, autosave=False)]


DEMOS: Mapping[str, Build] = {
    "cut-off": _cut_off, "merged": _merged, "wait": _wait, "hallucination": _hallucination,
    "lost-line": _lost_line,
}
"""The demonstrations by name."""
