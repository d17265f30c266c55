"""What of a transcriber is kept and where: files, saved notebooks, and a key that is in none of them."""

from __future__ import annotations

import io
import json
import logging
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from support.recordings import three_turns
from support.scripted_server import ScriptedServer, greet_and_record
from support.transcribing import ask, of_kind, script, state, transcriber
from support.waiting import wait_until

from qwen_asr_widgets.audio.clip import AudioClip
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import FolderNotFound, WriteFailed
from qwen_asr_widgets.recording import Recording, RunInfo, load_recording
from qwen_asr_widgets.widgets.transcriber.endpoints import EndpointChoice
from qwen_asr_widgets.recording.exports.formats import FORMATS, Format
from qwen_asr_widgets.widgets.transcriber.save import SLICE, file_name, in_slices, save_into, saved

pytestmark = pytest.mark.service

KEY = "sk-planted-7d1f"
SECONDS = 30


@pytest.fixture(scope="module")
def finished():
    return three_turns()


@pytest.fixture
def shown(finished):
    widget = transcriber(finished)
    yield widget
    widget.close()


def received(widget, ending: str) -> bytes:
    """Ask for a file as a view does, and put its slices together."""
    job = f"job-{ending}"
    ask(widget, "save", format=ending, job=job)

    def whole():
        parts = [(c, b) for c, b in widget.heard if c["kind"] == "saved" and c["job"] == job]
        return parts if parts and len(parts) == parts[0][0]["slices"] else None

    parts = wait_until(whole, SECONDS)
    assert parts[0][0]["name"] == f"made-by-hand.{ending}"
    return b"".join(buffers[0] for _, buffers in parts)


def test_a_file_beside_the_notebook_is_never_over_another_one(finished, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    widget = transcriber(finished)
    (tmp_path / "made-by-hand.srt").write_text("somebody's own")
    for count in (1, 2):
        ask(widget, "save-here", format="srt", job="job")
        told = wait_until(lambda: [c for c, _ in widget.heard if c["kind"] == "saved"][count - 1:], SECONDS)
        assert "waveform" in Path(told[0]["where"]).read_text("utf-8")
    names = ["made-by-hand.srt", "made-by-hand_2.srt", "made-by-hand_3.srt"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == names
    assert (tmp_path / names[0]).read_text() == "somebody's own"
    widget.close()


def test_a_folder_that_is_gone_is_said_and_nothing_is_left_half_written(
    finished, tmp_path, monkeypatch
) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(FolderNotFound):
        save_into(gone, finished, "srt")

    def full(format, recording, file) -> None:
        file.write(b"1")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Format, "write", full)
    with pytest.raises(WriteFailed, match="No space left"):
        save_into(tmp_path, finished, "srt")
    assert list(tmp_path.iterdir()) == []


def test_every_format_arrives_whole(shown, finished, tmp_path) -> None:
    assert "waveform" in received(shown, "srt").decode()
    assert received(shown, "vtt").startswith(b"WEBVTT")
    assert len(json.loads(received(shown, "json"))["utterances"]) == 3
    sound, rate = soundfile.read(io.BytesIO(received(shown, "wav")), dtype="int16")
    assert rate == 16_000 and np.array_equal(sound, finished.tape.read())
    path = tmp_path / "got.qasr"
    path.write_bytes(received(shown, "qasr"))
    assert load_recording(path).text == finished.text


def test_the_picture_is_16_by_9(shown) -> None:
    data = received(shown, "png")
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert (int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")) == (1920, 1080)


def test_a_large_file_travels_in_slices() -> None:
    data = bytes(range(256)) * (SLICE // 256) * 2 + b"rest"
    messages = list(in_slices(data, "j", "a.wav"))
    assert len(messages) == 3 and b"".join(buffers[0] for _, buffers in messages) == data


@pytest.mark.parametrize("about, stem", [
    ({"name": "my talk.m4a"}, "my-talk"),
    ({"name": "会议 记录.wav"}, "会议-记录"),
    ({"name": '../a\\b:c*?"<>|.wav'}, "a-b-c"),
    ({"name": "nul.wav"}, "nul_"),
    ({"name": "con.2.wav"}, "con.2_"),
    ({"name": "长" * 300}, "长" * 80),
    ({"name": ""}, "2026-11-23_14.05.09_recording"),
    ({"name": "..."}, "2026-11-23_14.05.09_recording"),
    ({"name": "Built-in", "capture": {"device": "Built-in"}}, "2026-11-23_14.05.09_microphone"),
    ({"name": "", "started_at": ""}, "recording"),
])
def test_a_saved_file_is_named_after_its_sound_else_after_its_time(about, stem) -> None:
    recording = Recording(info=RunInfo(**{"started_at": "2026-11-23T14:05:09+01:00", **about}))
    name = file_name(recording, "srt")
    assert name == f"{stem}.srt" and len(name.encode()) <= 255


def test_a_format_added_to_the_list_stands_in_the_menu_and_can_be_saved(monkeypatch, finished) -> None:
    toy = Format(".toy", "Toy", "for a test", "text/x-toy", "recording.exports.subtitles:write_srt")
    monkeypatch.setitem(FORMATS, ".toy", toy)
    widget = transcriber(finished)
    assert widget.formats[-1] == {"ending": "toy", "use": "for a test"}
    assert "waveform" in received(widget, "toy").decode()
    assert of_kind(widget, "saved")[0]["type"] == "text/x-toy"
    widget.close()


def test_a_format_that_does_not_exist_is_told_to_the_page(shown) -> None:
    ask(shown, "save", format="mp3", job="x")
    answer = wait_until(lambda: of_kind(shown, "saved"))[0]
    assert "mp3" in answer["error"]


def test_a_typed_key_is_in_no_state_message_log_or_file(monkeypatch, caplog, tmp_path) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    caplog.set_level(logging.DEBUG)
    with ScriptedServer(greet_and_record) as server:
        widget = transcriber(sample("conversation"), server.url, pace=None)
        ask(widget, "hello")
        ask(widget, "key", key=KEY)
        assert state(widget)["endpoint"]["has_key"]
        widget.start()
        recording = widget.wait(SECONDS)
        assert server.peer().headers["Authorization"] == f"Bearer {KEY}"
    written = widget.recording.save(tmp_path / "a.qasr")
    with zipfile.ZipFile(written) as bundle:
        texts = [bundle.read(name).decode("utf-8", "replace") for name in bundle.namelist()]
    texts += [
        repr(widget.get_state()), repr(widget.heard), repr(vars(widget)), repr(vars(widget.model)),
        caplog.text,
        repr(vars(recording)), widget.saved.html(), saved(recording, "json").decode(),
        repr(widget.model.choice.endpoint), repr(pickle.dumps(widget.model.choice.endpoint)),
    ]
    assert not [text[:80] for text in texts if KEY in text]
    widget.close()


def test_a_key_that_a_service_echoes_is_hidden(monkeypatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    choice = EndpointChoice("beijing")
    assert choice.has_key
    assert choice.hide(f"bad key {KEY}!") == "bad key •••!"
    choice.set_key("sk-other")
    assert KEY not in choice.hide(f"{KEY} sk-other") or choice.hide("sk-other") == "•••"


def test_the_price_of_a_minute_names_its_source_and_day() -> None:
    listed = EndpointChoice("singapore").state()["prices"]["singapore"]
    assert {price["minute"] for price in listed} == {"0.0396 CNY", "0.0054 USD"}
    assert all(price["source"] and price["seen"] for price in listed)


def test_a_saved_notebook_holds_picture_and_transcript(shown) -> None:
    html = shown.saved.output()
    assert "data:image/png;base64," in html and "every blue band is one turn" in html
    assert len(html) < 300_000
    shown.save_outputs = False
    assert "every blue band" not in shown.saved.output() and "image/png" not in shown.saved.output()


def test_a_saved_notebook_says_what_to_do_where_nothing_was_recorded() -> None:
    empty, ready = transcriber(), transcriber(AudioClip(np.zeros(16_000, np.float32), 16_000))
    assert "run this cell" in empty.saved.output()
    assert "data:image/png;base64," in ready.saved.output()
    empty.close()
    ready.close()


def test_a_run_under_way_is_not_saved_half() -> None:
    widget = transcriber(sample("conversation"), script())
    widget.start()
    assert "Still under way" in widget.saved.output()
    widget.close()


def test_text_from_a_service_stays_text_in_the_saved_notebook() -> None:
    from support.recordings import Script

    play = Script(4.0)
    play.turn("a", 0.5, 1.5, "<img src=x onerror=window.hacked=1>")
    widget = transcriber(play.finish())
    assert "<img src=x" not in widget.saved.output() and "&lt;img" in widget.saved.output()
    widget.close()


def test_the_switch_of_the_page_takes_picture_and_transcript_out_and_puts_them_in(shown) -> None:
    shown.set_state({"save_outputs": False})
    assert shown.save_outputs is False
    assert "every blue band" not in shown.saved.output() and "image/png" not in shown.saved.output()
    shown.set_state({"save_outputs": True})
    assert "image/png" in shown.saved.output()
