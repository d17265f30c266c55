"""A recogniser's process: partials in order, early finals in silences, failures that stay with their item."""

from __future__ import annotations

import contextlib
import os
import threading

import numpy as np
import pytest

from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.service.recognizers import Hypothesis
from qwen_asr_widgets.service.recognizers.script import ScriptRecognizer
from qwen_asr_widgets.service.workers.decoder import COSTLY_STEP, MARGIN, STEP, UtteranceDecoder
from qwen_asr_widgets.service.workers.messages import (
    AudioTaken, Configure, Configured, DropUtterance, FinalText, FinishUtterance, LoadRecognizer, OpenSession,
    PartialText, RecognizerFailed, RecognizerReady, StartUtterance, UtteranceAudio, UtteranceSilence,
    WorkBegun, pack, read_frame,
)
from qwen_asr_widgets.service.workers.process import run


class Slow:
    """A recogniser whose final pass takes half as long as its audio, on the test's own clock."""

    engine, languages, costly_partials, can_finish_early = "slow", None, True, True

    def __init__(self):
        self.now, self.passes, self.partials = 0.0, [], 0

    def configure(self, language, corpus_text):
        raise ValueError("no settings")

    def start(self, first_sample):
        self.samples = 0

    def accept(self, samples):
        self.samples += len(samples)

    def partial(self):
        self.partials += 1
        return Hypothesis("", str(self.samples))

    def finish(self):
        self.passes.append(self.samples)
        self.now += 0.5 * self.samples / 16_000
        return f"final {self.samples}"


@pytest.fixture
def decoder():
    recognizer = Slow()
    results = []
    decoder = UtteranceDecoder(recognizer, results.append, lambda: recognizer.now)
    decoder.recognizer, decoder.results = recognizer, results
    decoder.handle(StartUtterance("i", 0))
    return decoder


def work(decoder):
    while decoder.has_work:
        decoder.work()


def append(decoder, seconds, remaining=None):
    decoder.handle(UtteranceAudio(np.zeros(round(16_000 * seconds), np.int16), remaining))
    work(decoder)


def shown(decoder):
    return [int(result.draft) for result in decoder.results if isinstance(result, PartialText)]


def test_costly_partials_come_every_400_ms_of_audio_after_the_first_and_only_when_changed(decoder):
    partial = decoder.recognizer.partial
    decoder.recognizer.partial = lambda: partial() if decoder.recognizer.samples > 8_000 else Hypothesis()
    for _ in range(18):
        append(decoder, 0.1)
    assert shown(decoder) == [3 * STEP + COSTLY_STEP * k for k in range(4)]


def test_a_final_pass_made_early_in_the_silence_is_the_text_at_the_end(decoder):
    append(decoder, 2.0)
    decoder.handle(UtteranceSilence(0.51 + MARGIN))
    assert not decoder.has_work
    decoder.handle(UtteranceSilence(0.5 + MARGIN))
    work(decoder)
    assert decoder.recognizer.passes == [32_000]
    decoder.handle(FinishUtterance("i"))
    assert decoder.recognizer.passes == [32_000]
    assert decoder.results[-1] == FinalText("i", "final 32000", 1.0, True, 0.0)


def test_an_early_final_is_thrown_away_when_speech_goes_on_and_its_cost_is_known(decoder):
    append(decoder, 2.0)
    decoder.handle(UtteranceSilence(0.3))
    work(decoder)
    append(decoder, 1.0)
    decoder.handle(FinishUtterance("i"))
    assert decoder.recognizer.passes == [32_000, 48_000]
    assert decoder.results[-1] == FinalText("i", "final 48000", 1.5, False, 1.0)


def test_what_final_passes_cost_decides_when_the_next_begins(decoder):
    append(decoder, 2.0)
    decoder.handle(FinishUtterance("i"))
    decoder.handle(StartUtterance("j", 0))
    append(decoder, 2.0)
    decoder.handle(UtteranceSilence(0.6 + MARGIN))
    assert decoder.has_work


def test_where_400_ms_of_silence_end_a_turn_the_final_pass_begins_at_once_however_cheap_it_is(decoder):
    decoder.recognizer.finish = lambda: "cheap"
    for item in ("j", "k", "l", "m"):
        append(decoder, 2.0)
        decoder.handle(FinishUtterance("i"))
        decoder.handle(StartUtterance(item, 0))
    append(decoder, 0.4)
    decoder.handle(UtteranceSilence(0.416 - 0.128))
    work(decoder)
    decoder.handle(FinishUtterance("m"))
    assert decoder.results[-1].made_early


def test_from_the_first_silent_frame_on_no_partial_is_in_the_way_of_the_final(decoder):
    append(decoder, 0.8)
    before = shown(decoder)
    for silent in range(1, 5):
        append(decoder, 0.1, remaining=0.4 - 0.1 * silent)
    decoder.handle(UtteranceSilence(0.0))
    work(decoder)
    assert before and shown(decoder) == before and decoder.recognizer.passes == [19_200]


def test_a_final_pass_is_made_again_only_if_speech_came_again(decoder):
    append(decoder, 2.0)
    for remaining in (0.25, 0.2, 0.15, 0.1):
        decoder.handle(UtteranceSilence(remaining))
        work(decoder)
    assert decoder.recognizer.passes == [32_000]
    append(decoder, 0.4)
    decoder.handle(UtteranceSilence(0.25))
    work(decoder)
    assert decoder.recognizer.passes == [32_000, 38_400] and shown(decoder)[-1] == 38_400


def test_in_a_long_silence_the_words_before_it_are_shown_first_and_the_final_made_in_time(decoder):
    append(decoder, 2.1)
    before = shown(decoder)
    decoder.handle(UtteranceSilence(1.8))
    work(decoder)
    assert shown(decoder) == [*before, 33_600] and decoder.recognizer.passes == []
    decoder.handle(UtteranceSilence(0.8))
    work(decoder)
    assert decoder.recognizer.passes == [33_600]


def test_speech_that_already_waits_prevents_an_early_final(decoder):
    append(decoder, 2.0)
    decoder.handle(UtteranceSilence(0.1))
    decoder.handle(UtteranceAudio(np.zeros(1_600, np.int16)))
    work(decoder)
    assert decoder.recognizer.passes == []


def test_costly_partials_are_left_out_when_the_end_is_already_there(decoder):
    decoder.handle(UtteranceAudio(np.zeros(64_000, np.int16)))
    decoder.handle(FinishUtterance("i"))
    assert decoder.recognizer.partials == 0 and decoder.results[-1].text == "final 64000"


def test_costly_partials_are_left_out_and_then_rare_while_audio_has_piled_up(decoder):
    decoder.handle(UtteranceAudio(np.zeros(64_000, np.int16)))
    work(decoder)
    assert shown(decoder) == [35_200, 51_200, 57_600, 64_000]


def test_costly_partials_take_half_of_the_time(decoder):
    recognizer = decoder.recognizer
    partial = recognizer.partial

    def costs() -> Hypothesis:
        recognizer.now += 0.3
        return partial()

    recognizer.partial = costs
    for _ in range(20):
        append(decoder, 0.1)
    assert shown(decoder) == [3_200, 12_800, 22_400, 32_000]


def test_cheap_partials_never_are():
    results = []
    decoder = UtteranceDecoder(ScriptRecognizer(words=[(0.3, "a"), (0.7, "b")]), results.append)
    for command in (StartUtterance("i", 0), UtteranceAudio(np.zeros(16_000, np.int16)), FinishUtterance("i")):
        decoder.handle(command)
    given = [result for result in results if not isinstance(result, AudioTaken)]
    assert given[:2] == [PartialText("i", "", "a"), PartialText("i", "a", " b")]
    assert given[2].text == "a b" and len(given) == 3


def test_all_audio_is_accounted_for(decoder):
    append(decoder, 1.05)
    decoder.handle(UtteranceAudio(np.zeros(100, np.int16)))
    decoder.handle(DropUtterance("i"))
    decoder.handle(UtteranceAudio(np.zeros(50, np.int16)))
    assert sum(r.samples for r in decoder.results if isinstance(r, AudioTaken)) == 16_800 + 150


def test_a_recogniser_that_raises_fails_its_item_alone():
    results = []
    decoder = UtteranceDecoder(ScriptRecognizer(fail_at=0.5), results.append)
    for item, start in (("i", 0), ("j", 16_000)):
        decoder.handle(StartUtterance(item, start))
        decoder.handle(UtteranceAudio(np.zeros(16_000, np.int16)))
        decoder.handle(FinishUtterance(item))
    answers = [result for result in results if isinstance(result, (RecognizerFailed, FinalText))]
    assert answers[0] == RecognizerFailed("i", "RuntimeError: the script fails at 0.5 s")
    assert answers[1].item_id == "j" and answers[1].text == "three four"


def test_settings_that_cannot_be_taken_are_answered(decoder):
    decoder.handle(Configure("en", "words"))
    assert decoder.results[-1] == RecognizerFailed(None, "ValueError: no settings")


def test_an_error_of_ours_is_answered_in_its_own_words(decoder, monkeypatch):
    def refuse(language, corpus_text):
        raise SettingError("language is 'xx'.", "language")

    monkeypatch.setattr(decoder._recognizer, "configure", refuse)
    decoder.handle(Configure("xx", None))
    assert decoder.results[-1] == RecognizerFailed(None, "language is 'xx'.")


@contextlib.contextmanager
def process():
    """Run what a process runs, in a thread; yield a function that tells it something, and its results."""
    codes, ends = [], [os.pipe(), os.pipe()]
    (commands, tell), (results, told) = [(os.fdopen(a, "rb"), os.fdopen(b, "wb")) for a, b in ends]
    thread = threading.Thread(target=lambda: codes.append(run(commands, told)))
    thread.start()

    def send(*frames):
        tell.write(b"".join(pack(*frame) for frame in frames))
        tell.flush()

    yield send, iter(lambda: read_frame(results), None), codes
    tell.close()
    thread.join(10)
    for end in (commands, results, told):
        end.close()


def test_a_process_says_it_is_ready_works_and_ends_with_its_pipe():
    with process() as (send, results, codes):
        send(
            (0, LoadRecognizer("script", {"words": [(0.5, "word")]})), (1, OpenSession()),
            (1, Configure(None, None)), (1, StartUtterance("i", 0)),
            (1, UtteranceAudio(np.zeros(16_000, np.int16))), (1, FinishUtterance("i")),
        )
        ready = RecognizerReady("script")
        assert [next(results) for _ in range(4)] == [
            (0, ready), (1, ready), (1, WorkBegun()), (1, Configured(())),
        ]
        final = next(each for each in results if isinstance(each[1], FinalText))
        assert final[0] == 1 and final[1].text == "word"
    assert codes == [0]


def test_options_that_a_recogniser_does_not_take_are_named():
    with process() as (send, results, codes):
        send((0, LoadRecognizer("script", {"voice": "deep"})))
        number, failed = next(results)
        assert number == 0 and "voice" in failed.message and "'script'" in failed.message
    assert codes == [1]
