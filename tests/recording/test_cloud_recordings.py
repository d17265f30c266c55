"""A recording of the cloud: what is estimated is marked, drafts are no transcript, everything opens again."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
import pytest
from support.recordings import TRANSCRIPTION, Script
from support.scripted_server import ScriptedServer, created, item_events, updated

from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.errors import BundleError
from qwen_asr_widgets.protocol.cloud_facts import DASHSCOPE, DOCUMENTED
from qwen_asr_widgets.protocol.session import MOST_NOTED
from qwen_asr_widgets.recording import Recording, load_recording
from qwen_asr_widgets.recording.log.run_info import run_info
from qwen_asr_widgets.recording.bundle.bundle import write_bundle
from qwen_asr_widgets.recording.transcription import transcribe
from qwen_asr_widgets.widgets.shared.run_messages import utterance_state


def cloud_talk(**options: Any) -> Script:
    """Speech from 1.0 to 2.2 s, reported to end 0.8 s later; 10 ms of speech; a turn that gets no final."""
    script = Script(12.0, facts=DASHSCOPE, **options)
    script.turn("a", 1.0, 3.0, "good morning", exact=False, endpoint=0.1)
    script.turn("b", 5.0, 5.81, "Yeah", exact=False, endpoint=0.1)
    script.turn("c", 8.0, 9.0, "", exact=False, close=False, partials=[(0.5, "", "half a")])
    return script


def lost(script: Script) -> Recording:
    script.play()
    script.recording.closed(1006, "", 100.0 + 12.5)
    return script.recording


def saved(recording: Recording) -> dict[str, bytes]:
    file = io.BytesIO()
    write_bundle(recording, file)
    with zipfile.ZipFile(file) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def packed(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as bundle:
        for name, data in parts.items():
            bundle.writestr(name, data)
    return file.getvalue()


def test_delays_of_a_cloud_recording_count_from_the_estimated_end_and_say_so() -> None:
    recording = cloud_talk().finish()
    (row, *_), first = recording.latency(), recording.utterances[0]
    assert first.end == 2.2 and row.source == "estimated"
    assert row.endpoint_delay == pytest.approx(0.9, abs=0.11)  # one chunk of 100 ms
    assert "speech ends estimated" in str(recording.latency().summary())
    shown = recording._repr_html_()
    assert "≈ 0:02.2" in shown and "an estimate, as this service reports where the silence" in shown


def test_the_frame_tells_where_ends_come_from_and_how_much_speech_there_was() -> None:
    frame = cloud_talk().finish().to_frame()
    assert list(frame["end_source"])[:2] == ["estimated", "estimated"] and frame["end_source"].isna()[3]
    assert frame["speech"].tolist()[:2] == [1.2, pytest.approx(0.01)]


def test_a_short_utterance_is_marked_and_never_hidden() -> None:
    recording = cloud_talk().finish()
    assert "Yeah (0.0 s of speech)" in recording._repr_html_()
    assert "Yeah" in recording.text
    shown = [utterance_state(one, one.latency, recording) for one in recording.utterances]
    assert [(one["short"], one["end_estimated"]) for one in shown] == [
        (None, "estimated"), (pytest.approx(0.01), "estimated"), (None, "")
    ]


def test_a_bundle_is_read_again_as_it_was_read_first() -> None:
    recording = lost(cloud_talk())
    again = load_recording(packed(saved(recording)))
    assert again.info.facts == DASHSCOPE and again.info.facts.grade("silence_floor_ms") == "one client"
    assert again.utterances == recording.utterances and again.turns == recording.turns


def test_a_bundle_from_before_is_read_as_documented() -> None:
    parts = saved(cloud_talk().finish())
    manifest = json.loads(parts["manifest.json"])
    del manifest["run"]["facts"]
    again = load_recording(packed({**parts, "manifest.json": json.dumps(manifest).encode()}))
    assert again.info.facts == DOCUMENTED
    assert (again.utterances[0].end, again.utterances[0].end_source) == (3.0, "service")


@pytest.mark.parametrize("facts", [5, [], "dashscope", {"silence_floor_ms": "much"}])
def test_a_bundle_whose_facts_make_no_sense_is_refused(facts: Any) -> None:
    parts = saved(Script(1.0).finish())
    manifest = json.loads(parts["manifest.json"])
    manifest["run"]["facts"] = facts
    with pytest.raises(BundleError):
        load_recording(packed({**parts, "manifest.json": json.dumps(manifest).encode()}))


def test_the_facts_of_a_run_are_those_of_its_endpoint() -> None:
    beijing = Endpoint("wss://dashscope.aliyuncs.com/api-ws/v1/realtime")
    assert run_info(beijing, 1.0, 100).facts == DASHSCOPE


# ---- drafts


def test_drafts_of_lost_turns_are_no_transcript_unless_asked_for(tmp_path: Any) -> None:
    recording = lost(cloud_talk())
    assert recording.text == "good morning\nYeah"
    assert recording.transcript(include_drafts=True) == "good morning\nYeah\nhalf a"
    for name in ("talk.srt", "talk.vtt"):
        assert "half a" not in recording.export(tmp_path / name).read_text()
        assert "[draft] half a" in recording.export(tmp_path / name, include_drafts=True).read_text()
    document = json.loads(recording.export(tmp_path / "talk.json").read_text())
    assert document["text"] == recording.text
    assert [one["is_draft"] for one in document["utterances"]] == [False, False, True]
    assert "half a (draft, lost)" in recording._repr_html_()


def test_a_lost_drafts_cue_ends_at_the_last_sound_that_can_belong_to_it(tmp_path: Any) -> None:
    script = cloud_talk()
    script.recording.closed(1006, "", 100.0 + 9.5)  # 9.0 s were sent until then
    script.recording.tape.append(np.zeros(160_000, np.int16))
    cue = script.recording.export(tmp_path / "talk.srt", include_drafts=True).read_text().split("\n\n")[-1]
    assert "00:00:08,000 --> 00:00:09,000" in cue


def test_a_turn_that_was_never_closed_is_none_of_the_recordings_turns() -> None:
    recording = lost(cloud_talk())
    assert [turn.end for turn in recording.turns] == [2.2, pytest.approx(5.01)]


def test_drafts_of_failed_turns_are_marked() -> None:
    script = Script(4.0).turn("a", 1.0, 2.0, "", partials=[(0.5, "", "good")], final=False)
    script.come({"type": TRANSCRIPTION + "failed", "item_id": "a", "error": {"message": "no"}}, 3.0)
    recording = script.finish()
    assert recording.text == "" and "good (draft, no transcript)" in recording._repr_html_()


# ---- what the service counts, and what comes without end


def test_usage_is_summed_and_survives_the_bundle() -> None:
    script = Script(8.0)
    for item, seconds in (("a", 1), ("b", 2.5)):
        script.turn(item, 2.0 * seconds, 2.0 * seconds + 0.5, "", final=False)
        script.come({"type": TRANSCRIPTION + "completed", "item_id": item, "transcript": "so",
                     "usage": {"seconds": seconds, "of": {"tokens": 2}, "model": "x"}}, 7.0)
    recording = script.finish()
    assert recording.usage == {"seconds": 3.5, "of": {"tokens": 4}}
    assert load_recording(packed(saved(recording))).usage == recording.usage
    assert Recording().usage == {}


def test_illegal_events_without_end_leave_a_bounded_number_of_notes() -> None:
    script = Script(1.0)
    for number in range(MOST_NOTED + 1_000):
        script.come({"type": "session.created", "session": {}}, 0.1)
    assert len(script.recording.notes) == MOST_NOTED + 1
    assert script.recording.notes[-1] == "There were 1,000 more events that were not allowed"


def test_on_final_is_called_once_and_with_the_words_where_completed_comes_twice() -> None:
    def script(peer: Any) -> None:
        peer.send(created())
        peer.until("session.update")
        peer.send(updated())
        peer.until("input_audio_buffer.append")
        *rest, completed = item_events()
        peer.send(*rest, completed, {**completed, "transcript": ""})
        peer.until("session.finish")
        peer.send({"type": "session.finished"})

    finals: list[str] = []
    with ScriptedServer(script) as server:
        recording = transcribe(
            np.zeros(16_000, np.int16), Endpoint(server.url), pace=None, progress=False, sample_rate=16_000,
            on_final=lambda one: finals.append(one.text),
        )
    assert finals == ["good morning"] and recording.text == "good morning"


def test_partials_that_come_as_text_or_stash_alone_take_nothing_back() -> None:
    script = Script(6.0, facts=DASHSCOPE)
    script.turn("a", 1.0, 4.0, "so it was a bright", exact=False, partials=[
        (0.5, "", "so it"), (1.0, "so it was", ""), (1.5, "", "a bright"), (2.0, "so it was a bright", ""),
    ])
    assert script.finish().latency()[0].revised_share == 0.0
