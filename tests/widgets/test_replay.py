"""What a replay tells its views: the run as it was at each moment asked for, and where that is."""

from __future__ import annotations

import numpy as np
import pytest
from support.recordings import three_turns
from support.transcribing import ask, of_kind, transcribers

from qwen_asr_widgets import BundleError, Recording, SettingError, replay
from qwen_asr_widgets.widgets.replay.model import MomentRequest, ReplayModel, StepRequest

transcriber = pytest.fixture(transcribers)


def in_order(recording: Recording) -> Recording:
    """Return a recording made by hand with its events in the order of their times, as a run has them."""
    state = recording.snapshot()
    return Recording.restore(state._replace(events=tuple(sorted(state.events, key=lambda one: one.time))))


RECORDING = in_order(three_turns())


@pytest.fixture
def model():
    return ReplayModel(RECORDING)


def told(messages, kind):
    return [content for content, _ in messages if content["kind"] == kind]


def test_a_view_that_opens_stands_at_the_beginning_with_all_of_the_sound_at_hand(model):
    opening = model.opening()
    (moment,) = told(opening, "moment")
    assert (moment["time"], moment["heard"], moment["duration"]) == (0.0, 0.0, pytest.approx(12.2))
    assert told(opening, "sound")[0]["length"] == 12 * 16_000 and told(opening, "run")[0]["utterances"] == []
    assert len({content["source"] for content, _ in opening}) == 1


def test_a_moment_brings_what_was_seen_then_and_no_more(model):
    model.opening()
    run, moment = (content for content, _ in model.go_to(MomentRequest(2.25, serial=7)))
    (utterance,) = run["utterances"]
    assert (utterance["settled"], utterance["draft"], utterance["status"]) == ("so", " it", "speaking")
    assert (moment["time"], moment["heard"], moment["serial"]) == (2.25, 2.2, 7)


def test_going_back_takes_away_what_was_not_there_yet(model):
    model.opening()
    model.go_to(MomentRequest(11.9, 1))
    run, _ = (content for content, _ in model.go_to(MomentRequest(0.5, 2)))
    assert run["count"] == 0 and model.shown.run.growing


def test_steps_stand_on_events(model):
    model.opening()
    times = [told(model.step(StepRequest(by, 1)), "moment")[0]["time"] for by in (1, 1, 1, -1, -1, -1, -1)]
    assert times == pytest.approx([1.1, 1.5, 2.0, 1.5, 1.1, 0.0, 0.0])


def test_at_the_end_nothing_grows_any_more(model):
    model.opening()
    (moment,) = told(model.go_to(MomentRequest(99.0, 1)), "moment")
    assert moment["time"] == moment["duration"] and not model.shown.run.growing
    assert told(model.opening(), "run")[0]["count"] == 3


def test_python_has_the_recording_of_a_moment():
    view = replay(RECORDING)
    assert view.at(2.25).utterances[0].text == "so it" and view.at(2.25).duration == pytest.approx(2.2)
    assert "3 utterances" in repr(view) and view.recording is RECORDING
    with pytest.raises(SettingError, match="time is -1; give seconds from 0 on"):
        view.at(-1)
    view.close()


def test_a_file_is_opened_and_bad_input_is_one_sentence(tmp_path):
    path = RECORDING.save(tmp_path / "talk.qasr")
    assert replay(str(path)).at(99).text == RECORDING.text
    for given, error, sentence in (
        (7, SettingError, "replay takes a Recording or the path of a .qasr file, not 7"),
        ("nowhere.qasr", BundleError, "There is no file nowhere.qasr"),
    ):
        with pytest.raises(error, match=sentence):
            replay(given)
    for speed in (0, 17, "fast", True):
        with pytest.raises(SettingError, match="give a number from 0.25 to 16"):
            replay(RECORDING, speed)


@pytest.mark.service
def test_a_transcriber_replays_its_run_and_shows_all_of_it_again(transcriber):
    widget = transcriber(RECORDING)
    ask(widget, "hello")
    widget.heard.clear()
    ask(widget, "replay", on=True)
    assert of_kind(widget, "state")[-1]["replaying"] and of_kind(widget, "run")[-1]["count"] == 0
    ask(widget, "moment", time=5.0, serial=1)
    assert of_kind(widget, "moment")[-1]["time"] == 5.0 and of_kind(widget, "run")[-1]["count"] == 1
    ask(widget, "replay", on=False)
    assert not of_kind(widget, "state")[-1]["replaying"] and of_kind(widget, "run")[-1]["count"] == 3
    ask(widget, "moment", time=5.0, serial=2)
    assert of_kind(widget, "moment")[-1]["serial"] == 1, "nobody replays any more"


def test_a_recording_without_sound_is_replayed_too():
    recording = Recording(clock=lambda: 0.0)
    recording.opened(0.5)
    model = ReplayModel(recording)
    model.opening()
    assert told(model.go_to(MomentRequest(0.5, 1)), "moment")[0]["heard"] == 0.0
    assert np.isclose(model.history.duration, 0.5)
