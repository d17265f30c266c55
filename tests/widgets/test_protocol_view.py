"""What a protocol view tells: rows in order, what answers what, what was wrong, each in full."""

from __future__ import annotations

import json
import runpy
import sys
import types

import pytest
from support.recordings import Script, three_turns
from support.transcribing import SECONDS, ask, of_kind, transcribers
from support.waiting import wait_until

from qwen_asr_widgets import ProtocolView, SettingError, load_recording, sample
from qwen_asr_widgets.protocol.cloud_facts import FACTS
from qwen_asr_widgets.recording.values import AudioSent, SessionBegun
from qwen_asr_widgets.widgets.protocol_view.details import ABOUT_FIELD, ABOUT_TYPE, event_details
from qwen_asr_widgets.widgets.protocol_view.model import EventRequest, ProtocolModel
from qwen_asr_widgets.widgets.protocol_view.rows import EventRows
from qwen_asr_widgets.widgets.shared.locales import strings

transcriber = pytest.fixture(transcribers)


def rows_of(recording):
    rows = EventRows(recording)
    rows.update()
    return rows.rows


def by_type(rows, ending):
    return [row for row in rows if row.type.endswith(ending)]


def test_every_event_is_in_one_row_and_the_rows_are_in_their_order():
    recording = three_turns()
    rows = [row for row in rows_of(recording) if row.count]
    assert [row.first for row in rows[1:]] == [row.first + row.count for row in rows[:-1]]
    assert rows[0].first == 0 and rows[-1].first + rows[-1].count == len(recording.events)
    for row in rows:
        assert row.type == recording.events[row.first].message["type"]


def test_appends_that_follow_each_other_are_one_band():
    rows = rows_of(three_turns())
    bands = by_type(rows, "append")
    sent = [one for one in three_turns().events if isinstance(one.event, AudioSent)]
    assert sum(band.samples for band in bands) == 12 * 16_000
    assert sum(band.count for band in bands) == len(sent)
    assert all(one.type != other.type for one, other in zip(rows, rows[1:]) if one.samples)
    details = event_details(three_turns(), bands[0])["message"]
    assert details["bytes"] == 2 * bands[0].samples and details["appends"] == bands[0].count
    assert details["pace"] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("answer, asked", [
    ("session.updated", "session.update"), ("session.finished", "session.finish"),
    ("speech_stopped", "speech_started"), ("completed", "committed"),
])
def test_what_answers_what(answer, asked):
    rows = rows_of(three_turns())
    answers = by_type(rows, answer)
    assert answers
    for row in answers:
        partner = rows[row.partner]
        assert partner.type.endswith(asked) and partner.item == row.item
        assert rows[partner.partner] is row


def test_an_error_is_joined_to_the_event_that_it_names():
    script = Script(1.0)
    script.recording.sent({"type": "input_audio_buffer.commit", "event_id": "mine"}, *commit_at(0.5))
    error = {"code": "no", "message": "nothing there", "event_id": "mine"}
    script.come({"type": "error", "error": error}, 0.6)
    rows = rows_of(script.recording)
    error = by_type(rows, "error")[0]
    assert rows[error.partner].type.endswith("commit") and error.mark == error.text == "nothing there"


def commit_at(time):
    from qwen_asr_widgets.protocol.events import CommitBuffer

    return CommitBuffer(), 100.0 + time


def test_what_was_not_allowed_and_where_a_connection_was_lost_is_marked():
    script = Script(4.0)
    script.turn("a", 0.5, 1.0, "so")
    script.come({"type": "input_audio_buffer.speech_stopped", "item_id": "a", "audio_end_ms": 1000}, 2.5)
    script.recording.closed(1011, "gone", 102.6)
    script.recording.opened(103.0, SessionBegun(16_000, 2, "lost"))
    rows = rows_of(script.recording)
    wrong = [row for row in rows if row.mark]
    assert [row.type.rpartition(".")[2] for row in wrong] == ["speech_stopped", "closed"]
    assert "which is final" in wrong[0].mark and wrong[1].mark == "1011 gone"
    assert [row.type for row in rows[-2:]] == ["session.begun", "connection.opened"]


def test_a_recording_without_sound_still_shows_its_protocol():
    script = Script(1.0)
    script.go({"type": "session.finish"}, 0.1)
    script.come({"type": "session.finished"}, 0.2)
    assert [row.type for row in rows_of(script.recording)][-2:] == ["session.finish", "session.finished"]
    assert len(script.recording.tape) == 0


def test_views_are_told_all_rows_then_what_is_new():
    script = Script(6.0)
    model = ProtocolModel(script.recording)
    page = told(model.opening()[0][0], [])
    assert model.changes() == []
    for until in (0.5, 0.9, 2.0):
        script.play(until)
        page = told(model.changes()[0][0], page)
    script.turn("a", 2.5, 3.0, "so")
    page = told(model.changes()[0][0], page)
    script.finish()
    page = told(model.changes()[0][0], page)
    fresh = ProtocolModel(script.recording).opening()[0][0]
    assert page == fresh["rows"] and not fresh["growing"]


def told(content, page):
    """Return the rows as a page has them after a message."""
    return page[: content["base"]] + json.loads(json.dumps(content["rows"]))


def test_an_event_in_full_is_what_stood_on_the_wire_with_what_is_known_beyond_the_documentation():
    recording = three_turns()
    model = ProtocolModel(recording)
    model.opening()
    rows = rows_of(recording)
    row = by_type(rows, "speech_stopped")[0]
    (event, _), = model.event(EventRequest(rows.index(row)))
    assert event["message"] == recording.events[row.first].message and event["code"] == ""
    assert [fact["grade"] for fact in event["facts"]["audio_end_ms"]] == ["inferred", "inferred"]
    assert model.event(EventRequest(9_999)) == []


def test_every_fact_and_grade_that_is_told_exists_and_has_words_in_each_language():
    known = {fact.name: fact for fact in FACTS}
    for names in (*ABOUT_FIELD.values(), *ABOUT_TYPE.values()):
        for name in names:
            for lang in ("en", "zh"):
                assert f"protocol.grade.{known[name].grade.replace(' ', '_')}" in strings(lang)


def test_every_type_and_field_of_the_protocol_has_its_line():
    from dataclasses import fields

    from qwen_asr_widgets.protocol.events import CLIENT_EVENTS, SERVER_EVENTS

    words = strings("en")
    for kinds in (SERVER_EVENTS, CLIENT_EVENTS):
        for kind, cls in kinds.items():
            assert f"protocol.type.{kind}" in words
            for field in fields(cls):
                assert f"protocol.field.{field.name}" in words, (kind, field.name)


class Socket:
    """A WebSocket that keeps what is sent."""

    def __init__(self):
        self.sent = []

    def send(self, text):
        self.sent.append(json.loads(text))


@pytest.mark.parametrize("ending", ["session.update", "append"])
def test_the_python_of_an_event_sends_it(ending, tmp_path, monkeypatch):
    recording = three_turns()
    row = by_type(rows_of(recording), ending)[0]
    socket = Socket()
    connect = types.SimpleNamespace(create_connection=lambda url, header: socket)
    monkeypatch.setitem(sys.modules, "websocket", connect)
    monkeypatch.setenv("DASHSCOPE_API_KEY", "a key")
    monkeypatch.chdir(tmp_path)
    recording.save("recording.qasr")
    (tmp_path / "send.py").write_text(event_details(recording, row)["code"], "utf-8")
    runpy.run_path(str(tmp_path / "send.py"))
    if ending == "append":
        assert len(socket.sent) == row.count and {one["type"] for one in socket.sent} == {row.type}
    else:
        assert socket.sent == [recording.events[row.first].message]


def test_something_else_is_refused_and_a_file_is_opened(tmp_path):
    path = three_turns().save(tmp_path / "talk.qasr")
    view = ProtocolView(path)
    assert view.recording.events == load_recording(path).events and "events" in repr(view)
    view.close()
    wanted = "ProtocolView takes a Recording or the path of a .qasr file, not None"
    with pytest.raises(SettingError, match=wanted):
        ProtocolView(None)


@pytest.mark.service
def test_a_transcriber_shows_the_protocol_of_its_run(transcriber):
    widget = transcriber(three_turns())
    ask(widget, "hello")
    assert of_kind(widget, "protocol") == []
    ask(widget, "protocol", on=True)
    assert of_kind(widget, "state")[-1]["protocol"]
    (rows,) = of_kind(widget, "protocol")
    assert rows["source"] == of_kind(widget, "run")[-1]["source"] and rows["rows"]
    ask(widget, "event", row=2)
    assert of_kind(widget, "event")[-1]["row"] == 2
    ask(widget, "protocol", on=False)
    assert not of_kind(widget, "state")[-1]["protocol"]


@pytest.mark.service
def test_a_run_under_way_is_told_event_by_event(transcriber):
    widget = transcriber(sample("conversation").clip[:4.0], pace=None)
    ask(widget, "hello")
    ask(widget, "protocol", on=True)
    widget.start()
    widget.wait(SECONDS)
    wait_until(lambda: not (of_kind(widget, "protocol") or [{"growing": True}])[-1]["growing"], SECONDS)
    messages = of_kind(widget, "protocol")
    page = []
    for content in messages:
        assert content["source"] == messages[-1]["source"]
        page = told(content, page)
    assert page == ProtocolModel(widget.recording).opening()[0][0]["rows"] and len(messages) > 1
