"""The service's side of a session: what it answers, in which order, and what it refuses."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import ProtocolError
from qwen_asr_widgets.realtime.codec import MAX_APPEND_CHARS, decode_audio, to_message
from qwen_asr_widgets.realtime.events import ServerEvent
from qwen_asr_widgets.realtime.legality import Legality
from qwen_asr_widgets.service import commands
from qwen_asr_widgets.service.listening import PIECE, Pause
from qwen_asr_widgets.service.responder import Responder

TALK = sample("conversation").clip.to_pcm16()
SPEECH = TALK[:70_000]
"""One turn: onset at 0.864 s, end at 3.648 s, then 0.7 s of silence."""


class Session:
    """A responder whose recogniser answers at once, and a list of what the client would receive."""

    def __init__(self, languages=("en",), answer=True):
        self.responder = Responder("qwen3-asr-flash-realtime", "script", languages)
        self.sent, self.commands, self.answer, self.audio = [], [], answer, 0
        self.legality = Legality()
        self.violations = []
        self.take(self.responder.open())

    def take(self, outputs):
        for output in outputs:
            if isinstance(output, ServerEvent):
                self.violations += filter(None, [self.legality.check(output)])
                self.legality.apply(output)
                self.sent.append(to_message(output))
            elif type(output).__module__ == commands.__name__:
                self.commands.append(output)
                self.recognise(output)

    def recognise(self, command):
        if isinstance(command, commands.Hear):
            self.audio += len(command.samples)
        if self.answer and isinstance(command, commands.End):
            self.result(commands.Final(command.item_id, "words"))
        if self.answer and isinstance(command, commands.Configure):
            self.result(commands.Configured(("qwen",) if command.corpus_text else ()))

    def result(self, result):
        self.take(self.responder.recognised(result))

    def send(self, kind, **fields):
        from qwen_asr_widgets.realtime.codec import read_client

        message = {"event_id": "event_7", "type": kind, **fields}
        try:
            self.legality.apply(read_client(message))
        except ValueError:
            pass
        before = len(self.sent)
        self.take(self.responder.receive(json.dumps(message)))
        if self.sent[before:] and self.sent[-1]["type"] == "session.updated":
            self.legality.configure(self.responder.config)
        return self.sent[before:]

    def append(self, samples):
        data = samples if isinstance(samples, bytes) else samples.astype("<i2").tobytes()
        return self.send("input_audio_buffer.append", audio=base64.b64encode(data).decode())

    def update(self, **session):
        return self.send("session.update", session=session)

    @property
    def types(self):
        return [message["type"].rpartition("input_audio_transcription.")[2] for message in self.sent]


MANUAL = {"turn_detection": None}
BRIEF = {"turn_detection": {"type": "server_vad", "threshold": 0.0, "silence_duration_ms": 400}}
TURN = ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed", "conversation.item.created", "completed"]


def error_of(answer):
    assert [message["type"] for message in answer] == ["error"], answer
    return answer[0]["error"]


def test_the_first_event_is_session_created_as_documented():
    session = Session().sent[0]["session"]
    assert session["id"] and session["object"] == "realtime.session"
    assert session["model"] == "qwen3-asr-flash-realtime" and session["modalities"] == ["text"]
    assert session["input_audio_format"] == "pcm" and session["input_audio_transcription"] == {}
    assert session["turn_detection"] == {
        "type": "server_vad", "threshold": 0.2, "silence_duration_ms": 800
    }


def test_a_turn_is_answered_in_the_documented_order():
    session = Session()
    session.update(**BRIEF)
    session.append(SPEECH)
    session.send("session.finish")
    assert session.types == ["session.created", "session.updated", *TURN, "session.finished"]
    assert session.violations == []


def test_positions_of_a_turn_are_milliseconds_of_the_sessions_audio():
    session = Session()
    session.update(**BRIEF)
    session.append(SPEECH)
    started, stopped = session.sent[2], session.sent[3]
    assert (started["audio_start_ms"], started["audio_onset_ms"]) == (564, 864)
    assert (stopped["audio_end_ms"], stopped["reason"]) == (3_648, "silence")


def test_a_turn_open_at_the_finish_is_closed_and_answered():
    session = Session()
    session.append(SPEECH[:40_000])
    assert session.types[1:] == TURN[:1]
    session.send("session.finish")
    assert session.types[1:] == [*TURN, "session.finished"]
    assert session.sent[2]["reason"] == "finish"


def test_finish_before_speech_goes_straight_to_finished():
    session = Session()
    session.append(np.zeros(8_000, np.int16))
    assert [message["type"] for message in session.send("session.finish")] == ["session.finished"]


def test_items_form_a_chain():
    session = Session()
    session.update(**BRIEF)
    session.append(TALK[:300_000])
    committed = [m for m in session.sent if m["type"].endswith("committed")]
    created = [m for m in session.sent if m["type"] == "conversation.item.created"]
    assert len(committed) > 2
    assert [m["previous_item_id"] for m in committed] == [None, *(m["item_id"] for m in committed[:-1])]
    assert [m["item"]["id"] for m in created] == [m["item_id"] for m in committed]
    assert created[0]["item"]["content"] == [{"type": "input_audio", "transcript": None}]


def test_what_is_not_known_is_null_and_what_is_known_is_said():
    session = Session()
    session.append(SPEECH[:40_000])
    session.send("session.finish")
    completed = session.sent[-2]
    assert completed["emotion"] is None and completed["language"] == "en"
    assert completed["content_index"] == 0 and completed["transcript"] == "words"


def test_partials_reach_the_client_while_speech_goes_on():
    session = Session()
    session.append(SPEECH[:40_000])
    item = session.sent[-1]["item_id"]
    session.result(commands.PartialText(item, "good", " morning"))
    assert session.sent[-1]["text"] == "good" and session.sent[-1]["stash"] == " morning"
    assert session.types[-1] == "text" and session.violations == []


def test_manual_mode_answers_a_commit_and_shows_partials_only_then():
    session = Session()
    session.update(**MANUAL)
    session.append(SPEECH)
    begin = next(c for c in session.commands if isinstance(c, commands.Begin))
    session.result(commands.PartialText(begin.item_id, "", "good"))
    assert session.types[2:] == []
    session.send("input_audio_buffer.commit")
    session.append(SPEECH)
    session.send("session.finish")
    assert session.types[2:] == [
        "input_audio_buffer.committed", "conversation.item.created", "text", "completed",
        "input_audio_buffer.committed", "conversation.item.created", "completed", "session.finished",
    ]
    assert session.audio == 2 * len(SPEECH) and session.violations == []


def test_clear_forgets_an_open_turn_and_what_was_appended():
    session = Session()
    session.append(SPEECH[:40_000])
    assert [m["type"] for m in session.send("input_audio_buffer.clear")] == ["input_audio_buffer.cleared"]
    assert [m["type"] for m in session.send("session.finish")] == ["session.finished"]
    manual = Session()
    manual.update(**MANUAL)
    manual.append(SPEECH)
    manual.send("input_audio_buffer.clear")
    assert error_of(manual.send("input_audio_buffer.commit"))["code"] == "input_audio_buffer_commit_empty"


def test_the_official_sdks_nulls_are_borne():
    session = Session()
    answer = session.update(
        modalities=["text"], voice=None, input_audio_format="pcm16", output_audio_format="pcm16",
        input_audio_transcription={"model": None},
        turn_detection={"type": "server_vad", "threshold": 0.2, "prefix_padding_ms": 300,
                        "silence_duration_ms": 800},
    )
    assert [m["type"] for m in answer] == ["session.updated"]
    assert answer[0]["session"]["input_audio_format"] == "pcm"


def test_words_the_recogniser_cannot_know_are_reported():
    session = Session()
    answer = session.update(input_audio_transcription={"language": "en", "corpus": {"text": "Ask Qwen"}})
    corpus = answer[0]["session"]["input_audio_transcription"]["corpus"]
    assert corpus == {"text": "Ask Qwen", "unknown_words": ["qwen"]}


@pytest.mark.parametrize(("param", "detection"), [
    ("turn_detection.threshold", {"threshold": 1.5}),
    ("turn_detection.silence_duration_ms", {"silence_duration_ms": 100}),
    ("turn_detection.prefix_padding_ms", {"prefix_padding_ms": -1}),
    ("turn_detection.type", {"type": "semantic_vad"}),
])
def test_settings_out_of_range_are_refused_and_the_old_ones_stay(param, detection):
    session = Session()
    before = session.responder.config
    error = error_of(session.update(turn_detection=detection))
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", "invalid_value", param)
    assert error["event_id"] == "event_7" and session.responder.config == before


def test_a_language_the_recogniser_does_not_know_is_named_with_the_remedy():
    session = Session()
    error = error_of(session.update(input_audio_transcription={"language": "zh"}, **MANUAL))
    assert error["code"] == "unsupported_language" and error["param"] == "input_audio_transcription.language"
    assert "'zh'" in error["message"] and "DashScope" in error["message"]
    assert session.responder.config.turn_detection is not None
    assert [m["type"] for m in session.update(input_audio_transcription={"language": "en"})] == [
        "session.updated"
    ]


def raw(session, frame):
    before = len(session.sent)
    session.take(session.responder.receive(frame))
    return session.sent[before:]


def test_bad_frames_are_refused_with_their_codes():
    session = Session()
    assert error_of(raw(session, "{nonsense"))["code"] == "invalid_json"
    assert error_of(raw(session, "[1]"))["code"] == "invalid_event"
    assert error_of(raw(session, '{"type": 3}'))["param"] == "type"
    assert error_of(raw(session, b"\x00"))["code"] == "invalid_event"
    assert error_of(session.send("nonsense.event"))["code"] == "unknown_event"
    assert "no meaning" in error_of(session.send("response.create"))["message"]


def test_bad_audio_is_refused_with_its_codes():
    session = Session()
    bad = {"audio": "***"}
    assert error_of(session.send("input_audio_buffer.append", **bad))["code"] == "invalid_base64"
    assert error_of(session.append(b"abc"))["code"] == "invalid_audio"
    assert error_of(session.send("input_audio_buffer.append"))["param"] == "audio"
    long = error_of(session.send("input_audio_buffer.append", audio="A" * (MAX_APPEND_CHARS + 4)))
    assert long["code"] == "audio_too_large" and long["event_id"] == "event_7"


def test_what_is_not_possible_now_is_refused():
    session = Session()
    assert error_of(session.send("input_audio_buffer.commit"))["code"] == "commit_in_vad_mode"
    assert error_of(session.send("response.cancel"))["code"] == "response_cancel_not_active"
    session.update(**MANUAL)
    assert error_of(session.send("input_audio_buffer.commit"))["code"] == "input_audio_buffer_commit_empty"
    session.append(SPEECH[:1_600])
    assert error_of(session.update(sample_rate=8_000))["param"] == "sample_rate"
    session.send("session.finish")
    assert error_of(session.append(SPEECH[:1_600]))["code"] == "session_finished"


def test_a_commit_of_more_than_a_minute_is_refused_and_the_buffer_cleared():
    session = Session()
    session.update(**MANUAL)
    session.append(np.zeros(61 * 16_000, np.int16))
    error = error_of(session.send("input_audio_buffer.commit"))
    assert error["code"] == "audio_too_long" and "61.0 s" in error["message"]
    assert session.audio <= 61 * 16_000
    session.append(SPEECH)
    assert session.send("input_audio_buffer.commit")[-1]["transcript"] == "words"


def test_cancel_gives_up_a_transcript_that_is_owed():
    session = Session(answer=False)
    session.update(**MANUAL)
    session.append(SPEECH)
    session.send("input_audio_buffer.commit")
    answer = session.send("response.cancel")
    assert answer[0]["error"]["code"] == "cancelled" and session.types[-1] == "failed"
    session.result(commands.Final(session.commands[-1].item_id, "too late"))
    assert session.types[-1] == "failed"


def test_threshold_and_silence_change_within_a_turn_and_null_closes_it():
    session = Session()
    session.append(SPEECH[:40_000])
    answer = session.update(turn_detection=None)
    assert [m["type"].rpartition("_transcription.")[2] for m in answer] == [*TURN[1:], "session.updated"]
    session.append(SPEECH[:16_000])
    answer = session.update(**BRIEF)
    assert answer[0]["type"] == "input_audio_buffer.committed"
    assert answer[-1]["session"]["turn_detection"]["silence_duration_ms"] == 400
    assert session.violations == []


def test_absent_settings_keep_their_values():
    session = Session()
    session.update(turn_detection={"type": "server_vad", "threshold": 0.5})
    answer = session.update(input_audio_transcription={"language": "en"})
    assert answer[-1]["session"]["turn_detection"]["threshold"] == 0.5
    assert answer[-1]["session"]["turn_detection"]["prefix_padding_ms"] == 300


def test_a_lost_recogniser_fails_its_items_and_the_session_goes_on():
    session = Session(answer=False)
    session.update(**BRIEF)
    session.append(SPEECH[:40_000])
    session.take(session.responder.recognizer_lost("gone"))
    session.append(SPEECH[40_000:])
    assert session.types[-1] == "failed" and session.sent[-1]["error"]["code"] == "recognizer_lost"
    session.answer = True
    session.append(SPEECH)
    assert session.types[-5:] == TURN and session.violations == []


def test_settings_the_recogniser_cannot_take_are_taken_back():
    session = Session(answer=False)
    session.update(input_audio_transcription={"corpus": {"text": "words"}})
    assert session.responder.awaits_configuration
    session.result(commands.Failed(None, "no model"))
    assert error_of(session.sent[-1:])["event_id"] == "event_7"
    assert session.responder.config.corpus_text is None and not session.responder.awaits_configuration


def test_eight_kilohertz_is_upsampled_and_positions_stay():
    from qwen_asr_widgets.audio.resample import resample

    session = Session()
    session.update(sample_rate=8_000, **BRIEF)
    for piece in np.array_split(resample(SPEECH, 16_000, 8_000), 44):
        session.append(piece)
    assert session.types[2:] == TURN
    assert abs(session.sent[2]["audio_onset_ms"] - 864) <= 64
    assert abs(session.sent[3]["audio_end_ms"] - 3_648) <= 96


@pytest.mark.parametrize("framing", ["ogg", "packets"])
def test_opus_comes_as_ogg_pages_or_as_bare_packets(framing):
    session = Session()
    session.update(input_audio_format="opus", **BRIEF)
    for piece in (ogg_pages if framing == "ogg" else opus_packets)(SPEECH):
        session.append(piece)
    session.send("session.finish")
    assert session.types[2:] == [*TURN, "session.finished"]
    assert abs(session.sent[3]["audio_end_ms"] - 3_648) <= 96


def test_bytes_that_are_not_opus_are_refused():
    session = Session()
    session.update(input_audio_format="opus")
    session.append(next(iter(opus_packets(SPEECH[:16_000]))))
    assert error_of(session.append(b"\xff\xff\xff\xff no opus"))["code"] == "invalid_audio"


def ogg_pages(samples):
    from qwen_asr_widgets.audio.opus import OggOpusEncoder

    encoder = OggOpusEncoder(16_000)
    return [*encoder.push(samples), *encoder.flush()]


def opus_packets(samples):
    import av

    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.format, encoder.layout = 16_000, "s16", "mono"
    encoder.open()
    for first in range(0, len(samples) - 320, 320):
        frame = av.AudioFrame.from_ndarray(samples[None, first:first + 320], format="s16", layout="mono")
        frame.sample_rate = 16_000
        yield from (bytes(packet) for packet in encoder.encode(frame))


@pytest.mark.parametrize("session", [{}, {"sample_rate": 8_000}, {"turn_detection": None}])
def test_a_large_append_lets_others_have_their_turn_after_a_few_milliseconds_of_work(session):
    responder = Responder("m", "script", None)
    list(responder.receive(json.dumps({"type": "session.update", "session": session})))
    audio = base64.b64encode(bytes(4 * 2**20)).decode()
    outputs = list(responder.receive(json.dumps({"type": "input_audio_buffer.append", "audio": audio})))
    heard = 2**21 * 16_000 // session.get("sample_rate", 16_000)
    pauses = sum(isinstance(output, Pause) for output in outputs)
    assert pauses >= len(audio) // 2**18 + heard // PIECE - 1


@pytest.mark.parametrize("where", [10, 2**18 - 2, 2**18 - 1, 2**19, 2**20 + 5])
def test_padding_in_the_middle_of_a_large_append_is_an_error_wherever_it_stands(where):
    audio = "A" * (2**20 + 8)
    with pytest.raises(ProtocolError) as caught:
        decode_audio(audio[:where] + "=" + audio[where + 1:])
    assert caught.value.code == "invalid_base64"
