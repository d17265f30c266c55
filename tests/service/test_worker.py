"""A recogniser's process: partials in order, rehearsals in silences, failures that stay with their item."""

from __future__ import annotations

import io

import numpy as np
import pytest

from qwen_asr_widgets.service.commands import (
    Begin, Configure, Configured, Drop, End, Failed, Final, Hear, Heard, Hire, PartialText, Quiet, Ready,
    pack, read_value,
)
from qwen_asr_widgets.service.recognizers import Hypothesis
from qwen_asr_widgets.service.recognizers.script import ScriptRecognizer
from qwen_asr_widgets.service.worker import STEP, Desk, run


class Slow:
    """A recogniser whose final pass takes half as long as its audio, on the test's own clock."""

    engine, languages, costly_partials, can_rehearse = "slow", None, True, True

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
def desk():
    recognizer = Slow()
    results = []
    desk = Desk(recognizer, results.append, lambda: recognizer.now)
    desk.recognizer, desk.results = recognizer, results
    desk.obey(Begin("i", 0))
    return desk


def work(desk):
    while desk.has_work:
        desk.work()


def hear(desk, seconds):
    desk.obey(Hear(np.zeros(round(16_000 * seconds), np.int16)))
    work(desk)


def test_partials_come_every_200_ms_of_audio_and_only_when_changed(desk):
    for _ in range(10):
        hear(desk, 0.1)
    partials = [result for result in desk.results if isinstance(result, PartialText)]
    assert [int(result.draft) for result in partials] == [STEP * k for k in range(1, 6)]


def test_a_final_rehearsed_in_the_silence_is_ready_at_the_end(desk):
    hear(desk, 2.0)
    desk.obey(Quiet(0.7))
    assert not desk.has_work
    desk.obey(Quiet(0.6))
    work(desk)
    assert desk.recognizer.passes == [32_000]
    desk.obey(End("i"))
    assert desk.recognizer.passes == [32_000]
    assert desk.results[-1] == Final("i", "final 32000", 1.0, True, 0.0)


def test_a_rehearsal_is_thrown_away_when_speech_goes_on_and_its_cost_is_known(desk):
    hear(desk, 2.0)
    desk.obey(Quiet(0.3))
    work(desk)
    hear(desk, 1.0)
    desk.obey(End("i"))
    assert desk.recognizer.passes == [32_000, 48_000]
    assert desk.results[-1] == Final("i", "final 48000", 1.5, False, 1.0)


def test_what_the_passes_cost_decides_when_the_next_is_rehearsed(desk):
    hear(desk, 2.0)
    desk.obey(End("i"))
    desk.obey(Begin("j", 0))
    hear(desk, 2.0)
    desk.obey(Quiet(0.75))
    assert desk.has_work


def test_speech_that_already_waits_prevents_the_rehearsal(desk):
    hear(desk, 2.0)
    desk.obey(Quiet(0.1))
    desk.obey(Hear(np.zeros(1_600, np.int16)))
    work(desk)
    assert desk.recognizer.passes == []


def test_costly_partials_are_left_out_when_the_end_is_already_there(desk):
    desk.obey(Hear(np.zeros(64_000, np.int16)))
    desk.obey(End("i"))
    assert desk.recognizer.partials == 0 and desk.results[-1].text == "final 64000"


def test_costly_partials_become_rare_while_audio_has_piled_up(desk):
    desk.obey(Hear(np.zeros(64_000, np.int16)))
    while desk.has_work:
        desk.work()
    shown = [int(result.draft) for result in desk.results if isinstance(result, PartialText)]
    assert shown == [16_000, 32_000, 48_000, 57_600, 60_800, 64_000]


def test_cheap_partials_never_are():
    results = []
    desk = Desk(ScriptRecognizer(words=[(0.3, "a"), (0.7, "b")]), results.append)
    for command in (Begin("i", 0), Hear(np.zeros(16_000, np.int16)), End("i")):
        desk.obey(command)
    shown = [result for result in results if not isinstance(result, Heard)]
    assert shown[:2] == [PartialText("i", "", "a"), PartialText("i", "a", " b")]
    assert shown[2].text == "a b" and len(shown) == 3


def test_all_audio_is_accounted_for(desk):
    hear(desk, 1.05)
    desk.obey(Hear(np.zeros(100, np.int16)))
    desk.obey(Drop("i"))
    desk.obey(Hear(np.zeros(50, np.int16)))
    assert sum(r.samples for r in desk.results if isinstance(r, Heard)) == 16_800 + 150


def test_a_recogniser_that_raises_fails_its_item_alone():
    results = []
    desk = Desk(ScriptRecognizer(fail_at=0.5), results.append)
    for command in (Begin("i", 0), Hear(np.zeros(16_000, np.int16)), End("i"),
                    Begin("j", 16_000), Hear(np.zeros(16_000, np.int16)), End("j")):
        desk.obey(command)
    answers = [result for result in results if isinstance(result, (Failed, Final))]
    assert answers[0] == Failed("i", "RuntimeError: the script fails at 0.5 s")
    assert answers[1].item_id == "j" and answers[1].text == "three four"


def test_settings_that_cannot_be_taken_are_answered(desk):
    desk.obey(Configure("en", "words"))
    assert desk.results[-1] == Failed(None, "ValueError: no settings")


def conversation(*commands):
    pipe_in, pipe_out = io.BytesIO(b"".join(map(pack, commands))), io.BytesIO()
    code = run(pipe_in, pipe_out)
    pipe_out.seek(0)
    return code, list(iter(lambda: read_value(pipe_out), None))


def test_a_process_greets_works_and_ends_with_its_pipe():
    code, results = conversation(
        Hire("script", {"words": [(0.5, "word")]}), Configure(None, None), Begin("i", 0),
        Hear(np.zeros(16_000, np.int16)), End("i"),
    )
    assert code == 0 and results[:2] == [Ready("script"), Configured(())]
    assert results[-1].text == "word"


def test_options_that_a_recogniser_does_not_take_are_named():
    code, results = conversation(Hire("script", {"voice": "deep"}))
    assert code == 1 and "voice" in results[0].message and "'script'" in results[0].message
