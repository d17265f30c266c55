"""The settings of a session, read from and written to the ``session`` object of the protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from ..audio.units import SESSION_RATES
from ..arguments import checked_keywords
from ..errors import SettingError
from ..formatting import well_formed, with_units
from ..vad.turns import TurnDetection
from .languages import canonical_tag

INPUT_FORMATS = ("pcm", "opus")
_OLDER_NAMES = {"pcm16": "pcm"}
MAX_CORPUS_CHARS = 40_000
"""Characters of context text taken; the service documents 10,000 tokens, about four characters each."""

LANGUAGES: Mapping[str, str] = {
    "zh": "Chinese", "yue": "Cantonese", "en": "English", "ja": "Japanese", "de": "German", "ko": "Korean",
    "ru": "Russian", "fr": "French", "pt": "Portuguese", "ar": "Arabic", "it": "Italian", "es": "Spanish",
    "hi": "Hindi", "id": "Indonesian", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese",
    "cs": "Czech", "da": "Danish", "fil": "Filipino", "fi": "Finnish", "is": "Icelandic", "ms": "Malay",
    "no": "Norwegian", "pl": "Polish", "sv": "Swedish",
}
"""Codes in the service's documentation, whose list ends with "…": the cloud may know more."""

_COUNTRIES = {"jp": "ja", "cn": "zh", "cz": "cs", "dk": "da", "ua": "uk", "us": "en", "gb": "en"}
"""Codes of countries that are often given for the language; no language has them."""

_CODE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


@checked_keywords
@with_units()
@dataclass(frozen=True, repr=False)
class SessionConfig:
    """The settings of one recognition session.

    Parameters
    ----------
    language : str or None
        Language code such as ``"en"`` or ``"zh"``, in any case; None lets the service detect it.
    corpus_text : str or None
        Context: names, terms or sentences that make recognition of them likelier.
    input_audio_format : {"pcm", "opus"}
        How audio travels. ``"pcm"`` is 16-bit little-endian mono; ``"opus"`` needs the ``media`` extra.
    sample_rate : {16000, 8000}
        Sample rate in Hz at which audio is sent.
    turn_detection : TurnDetection or None
        When turns open and close; None is manual mode, where the client commits.

    Raises
    ------
    SettingError
        A value is not one of those above.

    Examples
    --------
    >>> SessionConfig(language="en", turn_detection=None).to_wire()["turn_detection"] is None
    True

    A repr names what is not the default:

    >>> SessionConfig(language="en", sample_rate=16_000)
    SessionConfig(language='en')
    """

    language: str | None = None
    corpus_text: str | None = None
    input_audio_format: str = "pcm"
    sample_rate: int = 16_000
    turn_detection: TurnDetection | None = field(default_factory=TurnDetection)

    def __post_init__(self) -> None:
        name = self.input_audio_format
        name = _OLDER_NAMES.get(name, name) if isinstance(name, str) else name
        object.__setattr__(self, "input_audio_format", name)
        if name not in INPUT_FORMATS:
            raise SettingError(
                f"input_audio_format is {name!r}; it must be 'pcm' or 'opus'.", "input_audio_format"
            )
        if self.sample_rate not in SESSION_RATES or isinstance(self.sample_rate, bool):
            raise SettingError(
                f"sample_rate is {self.sample_rate!r}; a session takes 16000 or 8000 Hz. "
                "Resample the clip, or leave it out: audio of any rate is resampled for you.",
                "sample_rate",
            )
        object.__setattr__(self, "sample_rate", int(self.sample_rate))
        check_language(self.language)
        object.__setattr__(self, "language", canonical_tag(self.language))
        if self.corpus_text is not None and not isinstance(self.corpus_text, str):
            raise SettingError(
                f"corpus_text must be text, not {type(self.corpus_text).__name__}.",
                "input_audio_transcription.corpus.text",
            )
        if self.corpus_text and len(self.corpus_text) > MAX_CORPUS_CHARS:
            raise SettingError(
                f"corpus_text has {len(self.corpus_text):,} characters; the limit is {MAX_CORPUS_CHARS:,}.",
                "input_audio_transcription.corpus.text",
            )
        object.__setattr__(self, "corpus_text", well_formed(self.corpus_text))
        if self.turn_detection is not None and not isinstance(self.turn_detection, TurnDetection):
            raise SettingError(
                f"turn_detection must be a TurnDetection or None (manual mode), not {self.turn_detection!r}.",
                "turn_detection",
            )

    def __repr__(self) -> str:
        default = SessionConfig()
        names = [spec.name for spec in fields(self)]
        changed = [name for name in names if getattr(self, name) != getattr(default, name)]
        return f"SessionConfig({', '.join(f'{name}={self._shown(name)}' for name in changed)})"

    def _shown(self, name: str) -> str:
        """Return a value as the repr shows it: of a long context its beginning."""
        value = getattr(self, name)
        return f"{value[:60]!r}…" if isinstance(value, str) and len(value) > 60 else repr(value)

    def to_wire(self) -> dict[str, Any]:
        """Return the ``session`` object of a ``session.update`` event that sets all of this."""
        transcription: dict[str, Any] = {}
        if self.language is not None:
            transcription["language"] = self.language
        if self.corpus_text is not None:
            transcription["corpus"] = {"text": self.corpus_text}
        return {
            "modalities": ["text"],
            "input_audio_format": self.input_audio_format,
            "sample_rate": self.sample_rate,
            "input_audio_transcription": transcription,
            "turn_detection": turn_detection_to_wire(self.turn_detection),
        }

    def updated(self, session: Mapping[str, Any]) -> SessionConfig:
        """Return these settings with those a ``session`` object names; absent keys keep their values.

        Unknown keys and nulls the official SDK sends for settings that ASR does not have are ignored.

        Raises
        ------
        SettingError
            A value is out of its range; ``param`` names the field.
        """
        changes: dict[str, Any] = {}
        _read_format(session, changes)
        _read_transcription(session.get("input_audio_transcription"), changes)
        if "turn_detection" in session:
            changes["turn_detection"] = _read_turn_detection(session["turn_detection"], self.turn_detection)
        return replace(self, **changes)


def turn_detection_to_wire(settings: TurnDetection | None) -> dict[str, Any] | None:
    """Return the ``turn_detection`` object of a session, or None in manual mode."""
    if settings is None:
        return None
    return {
        "type": "server_vad",
        "threshold": settings.threshold,
        "silence_duration_ms": settings.silence_duration_ms,
        "prefix_padding_ms": settings.prefix_padding_ms,
    }


def _read_format(session: Mapping[str, Any], changes: dict[str, Any]) -> None:
    """Read the audio format from its old place (top level) or its new one (``audio.input.format``)."""
    source: Mapping[str, Any] = {
        "type": session.get("input_audio_format"), "sample_rate": session.get("sample_rate")
    }
    node: Any = session.get("audio")
    for key in ("input", "format"):
        node = node.get(key) if isinstance(node, Mapping) else None
    if isinstance(node, Mapping):
        source = node
    if source.get("type") is not None:
        changes["input_audio_format"] = source["type"]
    if source.get("sample_rate") is not None:
        changes["sample_rate"] = source["sample_rate"]


def _read_transcription(transcription: Any, changes: dict[str, Any]) -> None:
    """Read language and context; the null the SDK sends for "disabled" changes nothing."""
    if transcription is None:
        return
    if not isinstance(transcription, Mapping):
        raise SettingError(
            f"input_audio_transcription must be an object, not {transcription!r}.",
            "input_audio_transcription",
        )
    if "language" in transcription:
        changes["language"] = transcription["language"]
    if "corpus" in transcription:
        corpus = transcription["corpus"]
        if corpus is not None and not isinstance(corpus, Mapping):
            raise SettingError(
                f"corpus must be an object with a text, not {corpus!r}.", "input_audio_transcription.corpus"
            )
        changes["corpus_text"] = corpus.get("text") if corpus else None


def _read_turn_detection(wire: Any, current: TurnDetection | None) -> TurnDetection | None:
    """Read a ``turn_detection`` object over the settings in force; null is manual mode."""
    if wire is None:
        return None
    if not isinstance(wire, Mapping):
        raise SettingError(f"turn_detection must be an object or null, not {wire!r}.", "turn_detection")
    kind = wire.get("type", "server_vad")
    if kind != "server_vad":
        raise SettingError(
            f"turn_detection.type is {kind!r}; ASR sessions know 'server_vad'.", "turn_detection.type"
        )
    names = ("threshold", "silence_duration_ms", "prefix_padding_ms")
    given = {name: wire[name] for name in names if wire.get(name) is not None}
    return replace(current or TurnDetection(), **given)


def check_language(language: Any) -> None:
    """Raise `SettingError` unless a language may be asked for; the service judges undocumented codes.

    The message suggests a code where a language's name was given.

    Examples
    --------
    >>> check_language("en-GB"), check_language("eo"), check_language(None)
    (None, None, None)
    """
    if language is None:
        return
    if isinstance(language, TurnDetection):
        raise SettingError(
            "language is a TurnDetection; pass it as turn_detection=….", "input_audio_transcription.language"
        )
    is_code = isinstance(language, str) and _CODE.fullmatch(language)
    if is_code and language.lower() not in _COUNTRIES:
        return
    from difflib import get_close_matches

    names = {**{name.lower(): code for code, name in LANGUAGES.items()}, **_COUNTRIES}
    near = get_close_matches(str(language).lower(), names, 1, 0.8)
    remedy = f"did you mean {names[near[0]]!r}?" if near else "give one such as 'en' or 'zh'."
    raise SettingError(
        f"language is {language!r:.60}, which is no language code; {remedy} None lets the service detect it. "
        f"Documented are {', '.join(LANGUAGES)}.", "input_audio_transcription.language",
    )


def is_documented(language: str | None) -> bool:
    """Tell whether the service's documentation names a language (its region aside), or none is asked for.

    Examples
    --------
    >>> is_documented("zh-CN"), is_documented("eo"), is_documented(None)
    (True, False, True)
    """
    return language is None or re.split("[-_]", language)[0].lower() in LANGUAGES
