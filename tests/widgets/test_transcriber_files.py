"""Files opened in a transcriber's page."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
import soundfile
from support.transcribing import SECONDS, MicrophonePage, ask, of_kind, spoken, state
from support.waiting import wait_until

from qwen_asr_widgets.audio.clip import AudioClipped, ChannelsAveraged
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.widgets.capture.upload import FileOpened
from qwen_asr_widgets.widgets.transcriber.sound import channels_differ

pytestmark = pytest.mark.service


def test_a_file_sent_in_slices_is_transcribed_and_one_without_sound_is_said(made, tmp_path) -> None:
    path = tmp_path / "talk.wav"
    sample("conversation").clip.resample(44_100).save(path)
    t = made(pace=None)
    ask(t, "hello")
    MicrophonePage(t).upload("talk.wav", path.read_bytes())
    wait_until(lambda: t.recording is not None)
    assert t.wait(SECONDS).info.name == "talk.wav"
    assert state(t)["title"] == "talk.wav"
    MicrophonePage(t).upload("notes.txt", b"this is no sound" * 100)
    notice = wait_until(lambda: of_kind(t, "state")[-1]["notice"])
    assert notice["code"] == "file" and notice["detail"].startswith("notes.txt")
    assert notice["about"] == {"name": "notes.txt"} and t.recording.complete


def test_an_empty_file_is_said_to_be_empty(made, tmp_path) -> None:
    path = tmp_path / "silent.wav"
    path.touch()
    t = made()
    t.model.open(FileOpened("talk.wav", b""))
    for widget, name in ((t, "talk.wav"), (made(path), "silent.wav"), (made(str(path)), "silent.wav")):
        notice = state(widget)["notice"]
        assert (notice["code"], notice["about"]) == ("empty", {"name": name})
    assert state(made(b""))["notice"]["code"] == "empty"
    assert state(made(np.zeros(9)))["notice"]["code"] == "file"


def test_the_page_that_sends_a_file_is_told_what_has_come_of_it_and_last_that_it_was_opened(made) -> None:
    data = b"no sound" * 1_000
    t = made()
    ask(t, "hello")
    MicrophonePage(t, "mine").upload("notes.txt", data, 1_000)
    opened = wait_until(lambda: of_kind(t, "opened"))
    assert opened == [{"kind": "opened", "client": "mine", "upload": "u-notes.txt"}]
    taken = of_kind(t, "taken")
    assert taken and {message["client"] for message in taken} == {"mine"}
    held = [message["bytes"] for message in taken]
    assert held == sorted(set(held)) and 0 < held[0] < held[-1] == len(data)
    kinds = [content["kind"] for content, _ in t.heard]
    assert kinds.index("opened") > len(kinds) - 1 - kinds[::-1].index("state")
    assert of_kind(t, "state")[-1]["notice"]["code"] == "file"


def test_a_damaged_recording_is_named_as_its_owner_does(made) -> None:
    t = made()
    for data in (b"no zip", b"PK\x05\x06" + bytes(18)):
        t.model.open(FileOpened("talk.qasr", data))
        detail = state(t)["notice"]["detail"]
        assert detail.startswith("talk.qasr") and "upload" not in detail


def test_a_file_that_did_not_arrive_whole_is_told_to_the_page_it_came_from(made) -> None:
    t = made()
    page = MicrophonePage(t, "mine")
    page.say("file", (b"short",), upload="u", name="talk.wav", size=999, slice=0, slices=1)
    refused = wait_until(lambda: of_kind(t, "refused"))
    assert [(message["client"], message["code"]) for message in refused] == [("mine", "incomplete")]
    assert "5 of 999 bytes of talk.wav arrived" in refused[0]["detail"]


def stereo(left: np.ndarray, right: np.ndarray) -> bytes:
    """Return a wav of two channels at 16 kHz."""
    file = io.BytesIO()
    soundfile.write(file, np.stack([left, right], axis=1), 16_000, format="WAV")
    return file.getvalue()


def two_speakers() -> tuple[bytes, np.ndarray, np.ndarray]:
    """Return a wav with the conversation left and its turn about right, and both."""
    left = sample("conversation").clip[:4.0].samples
    right = left[::-1].copy()
    return stereo(left, right), left, right


def test_a_file_whose_channels_differ_waits_for_the_choice_and_the_run_notes_it(made) -> None:
    data, left, right = two_speakers()
    t = made(pace=None)
    ask(t, "hello")
    MicrophonePage(t).upload("call.wav", data)
    wait_until(lambda: state(t)["phase"] == "ready")
    assert state(t)["channels"] == {"count": 2, "differ": True, "taken": "mean"}
    assert np.allclose(t.model.sound.clip.samples, (left + right) / 2, atol=1e-4)
    ask(t, "channel", channel=1)
    assert state(t)["channels"]["taken"] == 1 and state(t)["title"] == "call.wav"
    ask(t, "transcribe")
    recording = t.wait(SECONDS)
    assert np.abs(recording.tape.read() / 32768 - right).max() <= 1e-4
    info = recording.info
    assert (info.channel, info.original_channels, info.name) == (1, 2, "call.wav")
    ask(t, "channel", channel=0)
    assert state(t)["phase"] == "ready" and state(t)["channels"]["taken"] == 0
    ask(t, "transcribe")
    assert t.wait(SECONDS).info.channel == 0 and len(t.recordings) == 2
    ask(t, "channel", channel=2)
    assert "channel=2 does not exist" in state(t)["notice"]["detail"]


def test_a_file_whose_channels_are_alike_is_transcribed_at_once(made) -> None:
    left = sample("conversation").clip[:3.0].samples
    t = made(pace=None)
    ask(t, "hello")
    MicrophonePage(t).upload("mono.wav", stereo(left, left))
    wait_until(lambda: t.recording is not None)
    assert t.wait(SECONDS).info.channel == "mean"
    assert state(t)["channels"] == {"count": 2, "differ": False, "taken": "mean"}


def test_a_path_given_from_code_has_its_channels_to_choose_from_too(made, tmp_path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(two_speakers()[0])
    with pytest.warns(ChannelsAveraged):
        t = made(path, pace=None)
    assert state(t)["channels"]["differ"]
    ask(t, "channel", channel=0)
    t.start()
    assert t.wait(SECONDS).info.channel == 0


def test_one_channel_is_no_choice_and_a_microphone_none(made) -> None:
    t = made(sample("conversation"), pace=None)
    assert state(t)["channels"] is None
    t = made(pace=None)
    ask(t, "hello")
    MicrophonePage(t).upload("call.wav", two_speakers()[0])
    wait_until(lambda: state(t)["channels"])
    page = MicrophonePage(t).start()
    wait_until(lambda: t.active)
    assert state(t)["channels"] is None
    page.stop()


def recorded(t, seconds: float = 0.5) -> None:
    """Record with the microphone, from the page."""
    page = MicrophonePage(t).start()
    page.speak(spoken(seconds))
    wait_until(lambda: t.active and t.recording.info.capture)
    page.stop()
    assert t.wait(SECONDS).duration == pytest.approx(seconds)


def test_a_microphones_sound_has_neither_the_name_of_the_file_before_it_nor_its_place(made) -> None:
    t = made(pace=None)
    ask(t, "hello")
    MicrophonePage(t).upload("call.wav", two_speakers()[0])
    wait_until(lambda: state(t)["title"] == "call.wav")
    recorded(t)
    assert state(t)["title"] == "" and "call.wav" not in t.saved.title()
    t.start()
    assert of_kind(t, "call") and not t.active, "the microphone is asked for, not the file of before"


def test_the_sound_given_is_what_start_begins_with_also_after_the_microphone(made) -> None:
    given = sample("conversation")
    t = made(given, pace=None)
    ask(t, "hello")
    recorded(t)
    t.start()
    assert t.wait(SECONDS).duration == pytest.approx(given.clip.duration) and not t.recording.info.capture


def test_a_recording_that_is_opened_takes_the_place_of_the_sound_at_hand(made) -> None:
    t = made(sample("conversation"), pace=None)
    t.start()
    short = t.wait(SECONDS)
    t.model.load(short)
    assert t.model.sound.clip is None and t.recording is short
    t.start()
    assert t.wait(SECONDS) is not short and t.recording.duration == pytest.approx(short.duration)


@pytest.mark.parametrize(
    "gain, differ", [(1.0, False), (0.999, False), (0.9, True), (-1.0, True), (0.0, True)]
)
def test_channels_differ_where_more_than_coding_makes_them(gain, differ) -> None:
    sound = sample("conversation").clip[:3.0].samples[:, None]
    assert channels_differ([np.concatenate([sound, gain * sound], axis=1)], 10**9) is differ


def test_a_file_that_was_recorded_too_loud_is_said_to_be_clipped(made) -> None:
    tone = np.sin(np.arange(32_000) / 9)
    for gain, clipped in ((1.0, False), (1.9, True)):
        t = made(pace=None)
        file = io.BytesIO()
        soundfile.write(file, np.clip(gain * tone, -1, 1), 16_000, format="WAV")
        if clipped:
            with pytest.warns(AudioClipped):
                t.model.open(FileOpened("loud.wav", file.getvalue()))
        else:
            t.model.open(FileOpened("loud.wav", file.getvalue()))
        assert state(t)["clipped"] is clipped
        t.wait(SECONDS)


def test_a_format_that_needs_an_optional_package_says_which(made, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    t = made()
    t.model.open(FileOpened("talk.webm", b"\x1aE\xdf\xa3" + bytes(200)))
    notice = state(t)["notice"]
    assert notice["code"] == "file" and 'pip install "qwen-asr-widgets[media]"' in notice["detail"]
