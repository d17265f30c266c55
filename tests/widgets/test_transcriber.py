"""The transcriber from code: given sounds, start, stop, wait, run again, and what is refused."""

from __future__ import annotations

import threading
from dataclasses import asdict

import numpy as np
import pytest
from support.transcribing import SECONDS, MicrophonePage, ask, compared, of_kind, spoken, state
from support.waiting import wait_until

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import AudioError, SettingError
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.recording.comparing.comparison import compare
from qwen_asr_widgets.recording.run import Run
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber
from qwen_asr_widgets.widgets.transcriber.sources import PacedSource

pytestmark = pytest.mark.service


def test_a_sample_is_heard_turn_by_turn_within_200_ms_of_its_reference(made) -> None:
    talk = sample("conversation")
    t = made(talk, pace=None)
    t.start()
    recording = t.wait(SECONDS)
    assert recording.complete and recording.text
    turns = recording.turns
    for reference in talk.turns:
        nearest = min(turns, key=lambda turn: abs(turn.onset - reference.start))
        assert abs(nearest.onset - reference.start) <= 0.2
        assert abs(nearest.end - reference.end) <= 0.2


def test_the_recording_grows_while_it_runs(made) -> None:
    t = made(sample("conversation"))
    t.start()
    wait_until(lambda: t.recording.duration > 0.2)
    assert t.active and not t.recording.complete
    assert state(t)["phase"] in ("connecting", "live")
    t.stop()
    assert 0 < t.wait(SECONDS).sent_duration < 20


def test_a_file_can_be_held_up_and_goes_on(made) -> None:
    t = made(sample("conversation"))
    t.start()
    wait_until(lambda: t.recording.duration > 0.2)
    t.pause()
    held = wait_until(lambda: state(t)["paused"] and t.recording.duration)
    t.resume()
    wait_until(lambda: t.recording.duration > held + 0.2)
    assert not state(t)["paused"]
    t.stop()


def test_a_file_waits_for_the_service_so_that_nothing_leaves_in_a_burst() -> None:
    class SlowRun(Run):
        def __init__(self) -> None:
            self.asked, self.error, self.taken = 0, None, []

        def wait_for_service(self, timeout=None) -> bool:
            self.asked += 1
            return self.asked == 5

        def append(self, samples) -> None:
            self.taken.append((self.asked, len(samples)))

        def finish(self, why="") -> None:
            self.taken.append("end")

    run = SlowRun()
    PacedSource(np.zeros(4_000, np.int16), 16_000, None).start(lambda: run, threading.RLock())
    wait_until(lambda: run.taken and run.taken[-1] == "end")
    assert run.taken == [(5, 1_600), (5, 1_600), (5, 800), "end"]


def test_run_again_keeps_both_runs_and_compares_them(made) -> None:
    t = made(sample("conversation"), pace=None)
    t.start()
    before = t.wait(SECONDS)
    ask(t, "hello")
    ask(t, "settings", config={"silence": 3_000})
    ask(t, "again", pace=None)
    after = t.wait(SECONDS)
    assert t.recordings == (before, after) and after is t.recording
    assert np.array_equal(before.tape.read(), after.tape.read())
    assert len(after.utterances) < len(before.utterances)
    wait_until(lambda: compared(t)["over"])
    rows = compared(t)["runs"]
    assert [row["count"] for row in rows] == [len(before.utterances), len(after.utterances)]
    assert compared(t)["source"] == of_kind(t, "run")[-1]["source"] and compared(t)["shown"] == 1
    assert len(rows[0]["utterances"]) == len(before.utterances) and rows[1]["utterances"] is None
    assert compared(t)["words"]["counts"] == [asdict(compare(before, after).alignment.counts(1))]
    assert of_kind(t, "compared")[0]["over"] is False, "its turns stand there while the other runs"


def test_pace_0_is_as_fast_as_taken_at_first_and_again(made) -> None:
    t = made(sample("conversation").clip[:6.0], pace=0)
    t.start()
    assert t.wait(SECONDS).info.pace is None
    t.run_again(pace=50.0)
    assert t.wait(SECONDS).info.pace == 50.0
    t.run_again(pace=0)
    assert t.wait(SECONDS).info.pace is None


def test_a_finished_recording_is_shown_and_can_be_run_again(made, tmp_path) -> None:
    first = made(sample("conversation"), pace=None)
    first.start()
    path = first.wait(SECONDS).save(tmp_path / "talk.qasr")
    t = made(path)
    assert state(t)["phase"] == "done" and t.recording.text == first.recording.text
    t.run_again(SessionConfig(language="en"), pace=50.0)
    assert t.wait(SECONDS).config.language == "en"


def test_a_path_that_does_not_exist_is_said_and_raised_by_start(made) -> None:
    t = made("no/such/talk.wav")
    notice = state(t)["notice"]
    assert (notice["code"], notice["about"]) == ("missing", {"name": "talk.wav"})
    assert "no/such/talk.wav" in notice["detail"]
    with pytest.raises(FileNotFoundError):
        t.start()


def test_an_array_without_a_rate_says_what_is_missing(made) -> None:
    assert "sample rate" in state(made(np.zeros(100)))["notice"]["detail"]


@pytest.mark.parametrize("config, error", [("loud", SettingError), (0.2, SettingError)])
def test_what_is_no_config_is_refused(config, error) -> None:
    with pytest.raises(error, match="SessionConfig"):
        Transcriber(config=config)


@pytest.mark.parametrize("options", [
    {"pace": -1}, {"pace": True}, {"pace": float("nan")}, {"pace": "fast"}, {"lang": "xx"}, {"height": 3},
])
def test_a_bad_option_is_refused(options) -> None:
    with pytest.raises(SettingError):
        Transcriber(**options)


def test_start_from_code_lets_one_page_record(made) -> None:
    t = made()
    t.start()
    ask(t, "hello", view="a")
    (call, again) = of_kind(t, "call")
    assert call == again
    ask(t, "claim", view="b", token=call["token"])
    ask(t, "claim", view="a", token=call["token"])
    assert [message["view"] for message in of_kind(t, "begin")] == ["b"]
    page = MicrophonePage(t).start()
    page.speak(spoken(0.5))
    wait_until(lambda: t.active)
    t.stop()
    assert of_kind(t, "halt")
    page.stop()
    assert t.wait(SECONDS).duration == pytest.approx(0.5)


def test_waiting_is_not_over_in_the_moment_in_which_a_recording_begins(made, monkeypatch) -> None:
    t = made()
    hear, waited = t.model.hear, []

    def wait_meanwhile(event) -> None:
        try:
            t.wait(0.0)
        except (TimeoutError, AudioError) as problem:
            waited.append(type(problem))
        hear(event)

    monkeypatch.setattr(t.model, "hear", wait_meanwhile)
    t.start()
    page = MicrophonePage(t).start()
    page.speak(spoken(0.5))
    wait_until(lambda: t.active)
    page.stop()
    assert t.wait(SECONDS).duration == pytest.approx(0.5)
    assert set(waited) == {TimeoutError}


def test_waiting_for_nothing_is_an_error_and_for_too_long_too(made) -> None:
    with pytest.raises(AudioError, match="Nothing was started"):
        made().wait(1)
    t = made(sample("conversation"))
    t.start()
    with pytest.raises(TimeoutError, match="The run was not over after 0.1 s; it goes on"):
        t.wait(0.1)
    t = made()
    page = MicrophonePage(t).start()
    wait_until(lambda: t.active)
    assert state(t)["beside_cells"]
    t.uplink.inbox.take({"kind": "beat", "client": "page", "session": "page/1"})  # on this thread
    assert not state(t)["beside_cells"]
    with pytest.raises(AudioError, match="no sound arrives while a cell runs"):
        t.wait(1)
    page.stop()


def test_a_wait_for_a_page_says_that_none_shows_the_widget_or_that_none_records(made, monkeypatch) -> None:
    t = made()
    t.start()
    with pytest.raises(TimeoutError, match="No page shows this widget after 0.1 s"):
        t.wait(0.1)
    monkeypatch.setattr("qwen_asr_widgets.widgets.transcriber.transcriber.NO_PAGE", 0.1)
    with pytest.raises(AudioError, match="No page shows this widget for 0.1 s.*display"):
        t.wait()
    ask(t, "hello")
    with pytest.raises(TimeoutError, match="No page had begun to record after 0.3 s: allow the microphone"):
        t.wait(0.3)
    page = MicrophonePage(t).start()
    wait_until(lambda: t.active)
    page.stop()
    assert t.wait(SECONDS) is t.recording


def test_views_are_told_the_run_in_patches_and_the_sound_as_it_grows(made) -> None:
    t = made(AudioClip(sample("conversation").clip.samples[:64_000], 16_000), pace=8.0)
    ask(t, "hello")
    assert of_kind(t, "state")[-1]["phase"] == "ready"
    t.start()
    t.wait(SECONDS)
    wait_until(lambda: of_kind(t, "state")[-1]["phase"] == "done")
    kinds = {content["kind"] for content, _ in t.heard}
    assert {"state", "run", "sound", "grow"} <= kinds
    assert of_kind(t, "state")[-1]["figures"]["count"] == len(t.recording.utterances)
    assert wait_until(lambda: not t.page.throttle.running)


def test_closing_ends_threads_and_the_run(made) -> None:
    import threading

    t = made(sample("conversation"))
    before = set(threading.enumerate())
    t.start()
    wait_until(lambda: t.recording.duration > 0.2)
    ours = [one for one in set(threading.enumerate()) - before if one.name.startswith("qaw-")]
    assert {"qaw-run", "qaw-paced-source", "qaw-throttle"} <= {one.name for one in ours}
    t.close()
    wait_until(lambda: not t.active)
    wait_until(lambda: not [one for one in ours if one.is_alive()])
    assert not t.recording.complete
