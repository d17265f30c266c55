"""A bundle holds the whole recording: what is read back is what was saved, and nothing else passes."""

from __future__ import annotations

import io
import json
import logging
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.recordings import TRANSCRIPTION, Script, three_turns
from support.scripted_server import item_events

from qwen_asr_widgets.errors import BundleError
from qwen_asr_widgets.protocol.codec import parse
from qwen_asr_widgets.protocol.config import SessionConfig
from qwen_asr_widgets.recording import Recording, load_recording
from qwen_asr_widgets.recording.exports.formats import FORMATS
from qwen_asr_widgets.vad.turns import TurnDetection

texts = st.text(max_size=20)
times = st.floats(0, 100, allow_nan=False).map(lambda value: round(value, 6))
detections = st.one_of(st.none(), st.builds(
    TurnDetection, st.floats(-1, 1), st.integers(200, 6000), st.integers(0, 6000)
))
configs = st.builds(
    SessionConfig, language=st.one_of(st.none(), st.sampled_from(["en", "zh"])),
    corpus_text=st.one_of(st.none(), texts), input_audio_format=st.sampled_from(["pcm", "opus"]),
    sample_rate=st.sampled_from([16_000, 8_000]), turn_detection=detections,
)
items = st.sampled_from(["a", "b", "c"])
incoming = st.one_of(
    st.builds(lambda item, ms: {"type": "input_audio_buffer.speech_started", "item_id": item,
                                "audio_start_ms": ms}, items, st.integers(0, 9_999)),
    st.builds(lambda item, ms: {"type": "input_audio_buffer.speech_stopped", "item_id": item,
                                "audio_end_ms": ms}, items, st.integers(0, 9_999)),
    st.builds(lambda item, text, stash: {"type": TRANSCRIPTION + "text", "item_id": item, "text": text,
                                         "stash": stash, "language": None}, items, texts, texts),
    st.builds(lambda item, text: {"type": TRANSCRIPTION + "completed", "item_id": item,
                                  "transcript": text, "emotion": "happy"}, items, texts),
    st.builds(lambda text: {"type": "something.new", "field": text, "deep": {"list": [1, None, 2.5]}}, texts),
    st.builds(lambda text: {"type": "error", "error": {"type": "invalid_request_error", "message": text}},
              texts),
    st.just({"type": "session.finished"}),
)


@st.composite
def recordings(draw):
    """Recordings of anything a service might say, in any order."""
    config = draw(configs)
    info = dict(
        engine=draw(texts), pace=draw(st.sampled_from([None, 1.0, 2.0])),
        chunk_ms=draw(st.sampled_from([20, 100])),
        started_at="2026-11-22T10:00:00+00:00", environment={"python": "3.11"}, name=draw(texts),
        original_rate=44_100, original_channels=2, channel=draw(st.sampled_from([None, 0, "mean"])),
    )
    script = Script(1.0, config=config, **info)
    recording = script.recording
    sound = draw(st.lists(st.integers(-32_768, 32_767), max_size=200))
    recording.tape.append(np.array(sound, np.int16))
    sent = draw(st.integers(0, len(recording.tape)))
    if sent:
        recording.audio_sent(0, sent, 100.0 + draw(times))
    for message in draw(st.lists(incoming, max_size=12)):
        script.come(message, draw(times))
    if draw(st.booleans()):
        script.update(draw(configs).to_wire(), draw(times))
    if draw(st.booleans()):
        recording.lose(draw(st.integers(1, 50)))
    if draw(st.booleans()):
        recording.note(draw(texts))
    if draw(st.booleans()):
        recording.closed(draw(st.sampled_from([None, 1000, 1011])), draw(texts), 100.0 + draw(times))
    recording.finish(draw(st.booleans()))
    return recording


def everything(recording):
    """Return all that can be read from a recording."""
    return (
        recording.info, recording.config, recording.settings, recording.events, recording.lost,
        recording.notes, recording.connections, recording.complete, recording.utterances,
        recording.latency(), recording.errors,
        recording.tape.sample_rate, recording.tape.read().tolist(), recording.session_id, recording.turns,
        recording.sent_duration,
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recordings())
def test_what_is_loaded_is_what_was_saved(tmp_path, recording):
    path = recording.save(tmp_path / "run.qasr")
    assert everything(load_recording(path)) == everything(recording)


def test_a_recording_loaded_and_saved_again_is_the_same_file(tmp_path):
    first = three_turns().save(tmp_path / "a.qasr")
    second = load_recording(first).save(tmp_path / "b.qasr")
    assert first.read_bytes() == second.read_bytes()


def test_a_bundle_can_be_read_without_this_package(tmp_path):
    recording = three_turns()
    with zipfile.ZipFile(recording.save(tmp_path / "run.qasr")) as bundle:
        manifest = json.loads(bundle.read("manifest.json"))
        samples, rate = soundfile.read(io.BytesIO(bundle.read("audio.flac")), dtype="int16")
        events = [json.loads(line) for line in bundle.read("events.jsonl").decode().splitlines()]
    assert (manifest["format"], manifest["format_version"]) == ("qasr", 1)
    assert manifest["settings"][0]["session"]["turn_detection"]["silence_duration_ms"] == 800
    assert rate == 16_000 and (samples == recording.tape.read()).all()
    sent = [line["audio"] for line in events if "audio" in line]
    assert sent[0] == [0, 1_600] and sent[-1][1] == len(samples)
    assert all("base64" not in json.dumps(line) and "audio" not in line.get("event", {}) for line in events)


@pytest.mark.parametrize("rate", [8_000, 16_000])
def test_the_tape_keeps_its_rate(tmp_path, rate):
    recording = Script(1.0, rate=rate).play().recording
    assert load_recording(recording.save(tmp_path / "run.qasr")).tape.sample_rate == rate


def test_a_running_recording_can_be_saved(tmp_path):
    script = Script(6.0)
    script.turn("a", 1.0, 3.0, "", partials=[(0.5, "so", " it")], close=False)
    loaded = load_recording(script.recording.save(tmp_path / "run.qasr"))
    assert (loaded.complete, loaded.utterances[0].status, loaded.text) == (False, "speaking", "so it")


WHOLE = three_turns()
BUNDLE = io.BytesIO()
FORMATS[".qasr"].write(WHOLE, BUNDLE)
FIRST_SOUND = BUNDLE.getvalue().index(b"fLaC")


def sound_before_events(data: bytes) -> bytes:
    """Return a bundle with its entries in the order in which older versions wrote them."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as bundle, zipfile.ZipFile(file, "w") as older:
        for name in ("manifest.json", "audio.flac", "events.jsonl"):
            older.writestr(bundle.getinfo(name), bundle.read(name))
    return file.getvalue()


@settings(max_examples=120, deadline=None)
@given(st.sampled_from([BUNDLE.getvalue(), sound_before_events(BUNDLE.getvalue())]),
       st.one_of(st.floats(0, 0.999), st.floats(0, 0.02)))
def test_a_bundle_cut_off_anywhere_opens_as_far_as_it_goes_and_says_what_is_missing(data, share):
    try:
        part = load_recording(data[: int(share * len(data))])
    except BundleError as error:
        assert "cut off" in str(error) and share < 0.005
        return
    count, [(start, stop)] = len(part.events), part.lost or [(len(WHOLE.tape),) * 2]
    assert part.events == WHOLE.events[:count]
    assert (part.tape.read(0, start) == WHOLE.tape.read(0, start)).all()
    assert stop == len(WHOLE.tape) == len(part.tape) and not part.tape.read(start).any()
    assert [one.text for one in part.utterances if one.status == "final"] == [
        one.text for one in WHOLE.utterances][: sum(one.status == "final" for one in part.utterances)]
    missing = (count < len(WHOLE.events), start < stop)
    assert not part.complete and part.notes[-1].startswith("The file is cut off; what is missing: ")
    assert ("events" in part.notes[-1], "sound" in part.notes[-1]) == missing != (False, False)


def test_of_a_bundle_cut_off_in_its_sound_every_word_is_read_and_all_sound_but_the_last_frame():
    data = BUNDLE.getvalue()
    part = load_recording(data[: (FIRST_SOUND + len(data)) // 2])
    assert part.events == WHOLE.events and part.text == WHOLE.text
    [(start, _)] = part.lost
    assert abs(start - len(WHOLE.tape) / 2) < 16_000
    assert part.notes[-1] == f"The file is cut off; what is missing: the sound after {start / 16_000:.1f} s"


@pytest.mark.parametrize("gone", [1, 22, 60])
def test_a_bundle_of_which_only_the_list_of_its_entries_is_missing_has_everything(gone):
    assert everything(load_recording(BUNDLE.getvalue()[:-gone])) == everything(WHOLE)


def test_a_bundle_cut_off_so_early_that_hardly_any_sound_is_left_takes_no_memory_for_it():
    manifest = json.loads(zipfile.ZipFile(BUNDLE).read("manifest.json"))
    manifest["audio"]["samples"] = 20 * 3_600 * 16_000
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as bundle:
        bundle.writestr("manifest.json", json.dumps(manifest))
        bundle.writestr("events.jsonl", "")
    with pytest.raises(BundleError, match="hardly anything is left of its 1152000000 samples"):
        load_recording(file.getvalue()[:-30])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 0.999999), st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_changes_nothing(tmp_path, where, flip):
    path = tmp_path / "run.qasr"
    if not path.exists():
        Script(2.0).turn("a", 0.4, 1.0, "so", endpoint=0.5).finish().save(path)
    data = bytearray(path.read_bytes())
    data[int(where * len(data))] ^= flip
    broken = tmp_path / "broken.qasr"
    broken.write_bytes(data)
    try:
        loaded = load_recording(broken)
    except BundleError as error:
        assert "broken.qasr" in str(error)
    else:
        assert everything(loaded) == everything(load_recording(path))


def rewritten(tmp_path, name, change):
    """Save a good bundle with one entry changed."""
    good, bad = three_turns().save(tmp_path / "good.qasr"), tmp_path / "bad.qasr"
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as target:
        for entry in source.namelist():
            data = source.read(entry)
            data = change(data) if entry == name else data
            if data is not None:
                target.writestr(entry, data)
    return bad


def manifest_with(**changes):
    return lambda data: json.dumps({**json.loads(data), **changes})


@pytest.mark.parametrize("name, change, sentence", [
    ("manifest.json", manifest_with(format_version=3), "format version 3.*reads up to 2.*upgrade"),
    ("manifest.json", manifest_with(format="zip"), "does not say that it is a qasr bundle"),
    ("manifest.json", manifest_with(settings=[]), "does not hold a recording"),
    ("manifest.json", manifest_with(settings=[{"session": {"sample_rate": 11_025}}]), "11025"),
    ("manifest.json", manifest_with(audio={"sample_rate": 16_000, "samples": 5, "lost": []}), "says 5"),
    ("manifest.json", lambda data: b"[1, 2]", "does not hold a recording"),
    ("manifest.json", lambda data: b"{", "manifest.json is no JSON"),
    ("manifest.json", lambda data: None, "manifest.json"),
    ("audio.flac", lambda data: b"no sound at all", "audio.flac cannot be decoded"),
    ("audio.flac", lambda data: None, "audio.flac"),
    ("events.jsonl", lambda data: b"not json\n", "line 1 of events.jsonl"),
    ("events.jsonl", lambda data: b'{"time": 1, "direction": "up", "event": {}}', "direction 'up'"),
    ("events.jsonl", lambda data: b'{"time": 1, "direction": "in", "event": {}}', "line 1 of events.jsonl"),
    ("events.jsonl", lambda data: b'{"time": 1, "direction": "out", "audio": [0, 1000000000]}', "outside"),
    ("events.jsonl", lambda data: b"\xff\xfe", "does not hold a recording"),
    ("events.jsonl", lambda data: None, "events.jsonl"),
])
def test_a_bundle_that_is_not_one_says_what_is_wrong(tmp_path, name, change, sentence):
    with pytest.raises(BundleError, match=sentence) as caught:
        load_recording(rewritten(tmp_path, name, change))
    assert "bad.qasr" in str(caught.value)


def test_a_file_that_is_no_bundle_is_refused(tmp_path):
    text = tmp_path / "text.qasr"
    text.write_text("hello")
    for path in (text, tmp_path / "missing.qasr", tmp_path):
        with pytest.raises(BundleError, match=str(path)):
            load_recording(path)


def test_a_failed_save_leaves_the_old_bundle_and_no_other_file(tmp_path, monkeypatch):
    path = three_turns().save(tmp_path / "run.qasr")
    before = path.read_bytes()

    def break_off(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr("soundfile.SoundFile", break_off)
    with pytest.raises(OSError, match="disk full"):
        three_turns(engine="other").save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.qasr"]


def test_no_key_is_in_a_bundle_a_repr_or_a_log(tmp_path, caplog):
    from support.scripted_server import ScriptedServer

    from qwen_asr_widgets import Endpoint, transcribe

    key = "sk-planted-0123456789abcdef"
    caplog.set_level(logging.DEBUG, "qwen_asr_widgets")
    with ScriptedServer() as server:
        endpoint = Endpoint(f"{server.url}?token={key}", api_key=key)
        silence = np.zeros(1_600, np.int16)
        recording = transcribe(silence, endpoint, sample_rate=16_000, pace=None, progress=False)
        assert server.peer().headers["Authorization"] == f"Bearer {key}"
    path = recording.save(tmp_path / "run.qasr")
    with zipfile.ZipFile(path) as bundle:
        contents = b"".join(bundle.read(name) for name in bundle.namelist())
    assert key.encode() not in contents
    assert key not in caplog.text + repr(recording) + repr(vars(recording)) + recording._repr_html_()
    assert recording.info.endpoint.endswith("/api-ws/v1/realtime")


def test_loading_needs_no_clock_and_ends_no_session(tmp_path):
    recording = Recording()
    assert everything(load_recording(recording.save(tmp_path / "e.qasr"))) == everything(recording)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="the system has no /dev/full")
def test_a_full_disk_is_an_error_that_names_the_path(tmp_path):
    link = tmp_path / "talk.qasr"
    link.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device.*talk.qasr"):
        three_turns().save(link)
    assert Path("/dev/full").is_char_device() and link.is_symlink()


def test_a_link_keeps_pointing_to_the_bundle(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    there, link = tmp_path / "elsewhere" / "talk.qasr", tmp_path / "talk.qasr"
    link.symlink_to(there)
    three_turns().save(link)
    assert link.is_symlink() and load_recording(there).text == load_recording(link).text != ""


@pytest.mark.parametrize("name", ["missing/talk.qasr", "", "\N{GRINNING FACE}" * 80 + ".srt"])
def test_a_path_that_cannot_be_written_is_named_as_it_was_given(tmp_path, name):
    with pytest.raises(OSError) as caught:
        (three_turns().export if name.endswith("srt") else three_turns().save)(tmp_path / name)
    assert caught.value.filename == str(tmp_path / name)
    assert ".part" not in str(caught.value) and not list(tmp_path.glob(".*"))


def test_text_that_utf8_cannot_carry_is_mended_on_its_way_in_so_that_saving_never_fails(tmp_path):
    lone = "a\ud800b"
    config = SessionConfig(corpus_text=lone)
    script = Script(1.0, config=config, name=f"{lone}.wav", capture={"device": lone, "asked": {"x": lone}})
    for part in item_events(text=lone):
        script.come(parse(json.dumps({**part, "language": lone} if "language" in part else part)), 0.5)
    recording = script.recording
    recording.note(f"of {lone}")
    for ending in ("qasr", "srt", "vtt", "json"):
        recording.export(tmp_path / f"run.{ending}")
    back = load_recording(tmp_path / "run.qasr")
    assert back.utterances[0].text == back.utterances[0].language == back.config.corpus_text == "a\ufffdb"
    assert back.info.name == "a\ufffdb.wav" and back.info.capture["asked"] == {"x": "a\ufffdb"}
    assert back.notes == ("of a\ufffdb",)
    recording._repr_html_().encode()


def test_the_deepest_message_taken_from_a_service_is_read_back(tmp_path):
    message = parse('{"type": "x", "y": ' + "[" * 63 + "]" * 63 + "}")
    script = Script(1.0)
    script.come(message, 0.5)
    path = script.recording.save(tmp_path / "deep.qasr")
    assert load_recording(path).events[-1].message == message
