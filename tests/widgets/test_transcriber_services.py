"""The transcriber with services that work and with some that fail: no sound is lost, and each says why."""

from __future__ import annotations

import numpy as np
import pytest
from support.scripted_server import (
    ScriptedServer, answer_half, created, greet_and_record, item_events, updated,
)
from support.service import service
from support.transcribing import NOWHERE, SECONDS, MicrophonePage, ask, script, spoken, state
from support.waiting import wait_until

from qwen_asr_widgets.audio.resample import resample
from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.errors import ConnectFailed, EndpointError, ServiceClosed
from qwen_asr_widgets.client import embedded as embedding
from qwen_asr_widgets.client.embedded import default_recognizer, embedded
from qwen_asr_widgets.client.endpoints import Endpoint
from qwen_asr_widgets.client.named_endpoints import dashscope
from qwen_asr_widgets.client.retry import Retry
from qwen_asr_widgets.widgets.transcriber.transcriber import Transcriber
from qwen_asr_widgets.widgets.transcriber.endpoints import EndpointChoice

pytestmark = pytest.mark.service


def test_an_endpoint_that_is_down_keeps_the_sound_and_trying_again_sends_it_all(made) -> None:
    t = made(endpoint=NOWHERE)
    page = MicrophonePage(t).start()
    page.speak(spoken(1.0))
    page.stop()
    wait_until(lambda: t.recording is not None)
    with pytest.raises(ConnectFailed):
        t.wait(SECONDS)
    assert state(t)["notice"]["code"] == "connect" and state(t)["notice"]["kept"] == pytest.approx(1.0)
    assert not t.recording.complete and "were not sent" in t.recording.notes[0]
    t.model.choice = made().model.choice
    ask(t, "retry")
    recording = t.wait(SECONDS)
    assert recording.complete and len(recording.tape) == 16_000
    assert len(t.recordings) == 2 and state(t)["notice"] is None


def test_trying_again_while_recording_sends_what_was_missed_and_goes_on(made) -> None:
    t = made(endpoint=NOWHERE)
    page, heard = MicrophonePage(t).start(), spoken(2.0)
    page.speak(heard[:48_000])
    wait_until(lambda: t.recording is not None and t.model.run.error and t.recording.duration > 0.9)
    assert state(t)["phase"] == "failed"
    t.model.choice = made().model.choice
    ask(t, "retry")
    page.speak(heard[48_000:])
    page.stop()
    recording = t.wait(SECONDS)
    assert recording.complete
    assert np.array_equal(recording.tape.read(), resample(heard, 48_000, 16_000))


def test_a_wrong_key_and_a_missing_one_are_told_apart(made, monkeypatch) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    with ScriptedServer(greet_and_record, status=401) as server:
        t = made(sample("conversation"), Endpoint(server.url, api_key="sk-wrong"), pace=None)
        t.start()
        with pytest.raises(ConnectFailed):
            t.wait(SECONDS)
        assert state(t)["notice"]["code"] == "key"
        keyless = made(sample("conversation"), Endpoint(server.url), pace=None)
        keyless.start()
        with pytest.raises(ConnectFailed, match="no key was given"):
            keyless.wait(SECONDS)
        assert state(keyless)["notice"]["code"] == "nokey"
    ask(t, "endpoint", id="beijing")
    assert state(t)["endpoint"]["cloud"] and not state(t)["endpoint"]["has_key"]
    t.start()
    wait_until(lambda: not t.active)
    assert state(t)["notice"]["code"] == "nokey"


def test_a_service_that_dies_midway_loses_no_sound(made) -> None:
    def dying(peer) -> None:
        peer.send(created())
        peer.until("session.update")
        peer.send(updated())
        for event in item_events():
            peer.send(event)
        peer.until("input_audio_buffer.append")
        peer.close(1011)

    with ScriptedServer(dying) as server:
        t = made(endpoint=server.url, retry=Retry(patience=0))
        page = MicrophonePage(t).start()
        page.speak(spoken(1.0))
        wait_until(lambda: t.recording is not None and t.model.run.error is not None, what="it noticed")
        page.speak(spoken(2.0)[48_000:])
        page.stop()
        with pytest.raises(ServiceClosed):
            t.wait(SECONDS)
    assert state(t)["notice"]["code"] == "closed"
    assert t.recording.duration == pytest.approx(2.0) and t.recording.text == "good morning"


def test_a_service_that_never_answers_holds_up_nobody(made) -> None:
    with ScriptedServer(lambda peer: peer.until("session.finish")) as server:
        t = made(endpoint=server.url)
        page = MicrophonePage(t).start()
        page.speak(spoken(3.0))
        wait_until(lambda: t.recording is not None and t.recording.duration > 2.9)
        assert state(t)["phase"] == "connecting"
        t.close()


def test_an_endpoint_that_does_not_exist_is_refused(made) -> None:
    with pytest.raises(EndpointError):
        Transcriber(endpoint="mars")
    t = made()
    ask(t, "endpoint", id="mars")
    assert state(t)["notice"]["code"] == "endpoint" and state(t)["endpoint"]["id"] == "given"


@pytest.mark.parametrize("address", ["not an address", "http://host", "wss://", "wss:/host", "http//host"])
def test_an_address_that_is_none_is_kept_to_be_corrected_and_what_was_chosen_stays_in_use(
    made, address
) -> None:
    t = made()
    endpoint = t.model.choice.endpoint
    ask(t, "endpoint", id="custom", url=address)
    told = state(t)
    assert told["endpoint"]["refused"] == address and told["notice"] is None
    assert told["endpoint"]["id"] == "given" and t.model.choice.endpoint is endpoint
    ask(t, "endpoint", id="custom", url="asr.example.org/realtime")
    told = state(t)["endpoint"]
    assert (told["refused"], told["id"], told["url"]) == ("", "custom", "wss://asr.example.org/realtime")
    ask(t, "endpoint", id="custom", url=address)
    told = state(t)["endpoint"]
    assert (told["refused"], told["url"]) == (address, "wss://asr.example.org/realtime")
    ask(t, "endpoint", id="embedded")
    assert state(t)["endpoint"]["refused"] == "" and state(t)["endpoint"]["id"] == "embedded"


@pytest.mark.parametrize("address", ["http://me:secret@host/?token=secret", "wss://me:secret@[host?secret"])
def test_a_refused_address_comes_back_without_what_may_be_secret_in_it(made, address) -> None:
    t = made()
    ask(t, "endpoint", id="custom", url=address)
    assert "host" in state(t)["endpoint"]["refused"] and "secret" not in str(state(t))


@pytest.mark.parametrize("where, code", [
    (NOWHERE, "connect"), ("beijing", "nokey"),
])
def test_what_was_wrong_with_one_endpoint_is_not_said_of_another(made, where, code, monkeypatch) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    t = made(sample("conversation").clip[:1.0], where, pace=None)
    t.start()
    wait_until(lambda: not t.active)
    assert state(t)["notice"]["code"] == code
    ask(t, "endpoint", id="custom", url="no address")
    assert state(t)["notice"]["code"] == code, "nothing else is chosen yet"
    ask(t, "endpoint", id="custom", url=script().url)
    notice = state(t)["notice"]
    assert (notice["code"], notice["detail"]) == ("chosen", "") and notice["kept"] == 1.0
    ask(t, "endpoint", id="embedded")
    ask(t, "endpoint", id="embedded")
    assert state(t)["notice"]["code"] == "chosen"
    t.model.choice = made().model.choice
    ask(t, "retry")
    assert t.wait(SECONDS).complete and state(t)["notice"] is None


def test_a_choice_that_does_not_exist_is_forgotten_with_the_next(made) -> None:
    t = made()
    ask(t, "endpoint", id="mars")
    assert state(t)["notice"]["code"] == "endpoint"
    ask(t, "endpoint", id="embedded")
    assert state(t)["notice"] is None


def test_who_made_the_words_on_show_is_told_beside_what_is_chosen(made, tmp_path) -> None:
    t = made(sample("conversation").clip[:3.0], pace=None)
    assert state(t)["run"] is None
    t.start()
    path = t.wait(SECONDS).save(tmp_path / "talk.qasr")
    assert state(t)["run"]["engine"] == state(t)["endpoint"]["engine"] == "embedded script"
    ask(t, "endpoint", id="beijing")
    ask(t, "settings", config={"silence": 400})
    told = state(t)
    assert told["endpoint"]["engine"] == "qwen3-asr-flash-realtime, DashScope beijing"
    assert (told["config"]["silence"], told["run"]["settings"][-1]["config"]["silence"]) == (400, 800)
    opened = state(made(path, endpoint="singapore"))
    assert opened["run"] == told["run"] and len(opened["run"]["settings"]) == 1


def test_the_stand_in_for_dashscope_can_be_chosen_and_says_what_it_is(made) -> None:
    t = made()
    assert not state(t)["endpoint"]["standin"]
    ask(t, "endpoint", id="standin")
    told = state(t)["endpoint"]
    assert (told["id"], told["name"]) == ("standin", default_recognizer())
    assert told["standin"] and not told["cloud"]
    assert told["engine"] == f"embedded {default_recognizer()}, standing in for DashScope"
    assert t.model.choice.endpoint == embedded(behaviour="dashscope")
    assert EndpointChoice(embedded(behaviour="dashscope")).state()["id"] == "standin"


def test_where_pocketsphinx_stands_in_the_page_is_told_what_to_install(monkeypatch) -> None:
    assert EndpointChoice(embedded("script")).state()["improvement"] == ""
    monkeypatch.setattr(embedding, "find_spec", lambda name: None if name == "moonshine_voice" else name)
    assert EndpointChoice(embedded()).state()["improvement"] == embedding.INSTALL_MOONSHINE


def test_how_far_the_recogniser_is_behind_is_told_while_it_is(made) -> None:
    with ScriptedServer(answer_half) as server:
        t = made(endpoint=server.url)
        page = MicrophonePage(t).start()
        page.speak(spoken(1.0))
        wait_until(lambda: t.recording is not None and t.recording.utterances)
        assert state(t)["slow"] == 0
        server.peer().send({"type": "recognizer.behind", "behind_ms": 7_400})
        wait_until(lambda: state(t)["slow"] == 7, what="it is told")
        page.stop()
        ask(t, "leave")


def test_the_recogniser_is_the_one_given(made) -> None:
    t = made(endpoint=script(words=[(1.0, "hello")]))
    assert state(t)["endpoint"]["name"] == "script" and state(t)["endpoint"]["offline"]


def test_the_right_key_typed_while_recording_goes_on_from_the_first_sample(made) -> None:
    with service("script", key="sk-right") as url:
        t = made(endpoint=Endpoint(url, api_key="sk-wrong"))
        page, heard = MicrophonePage(t).start(), spoken(2.0)
        page.speak(heard[:48_000])
        wait_until(lambda: t.recording is not None and t.model.run.error and t.recording.duration > 0.9)
        assert state(t)["notice"]["code"] == "key"
        ask(t, "key", key="sk-right")
        page.speak(heard[48_000:])
        page.stop()
        recording = t.wait(SECONDS)
    assert recording.complete and state(t)["notice"] is None
    assert np.array_equal(recording.tape.read(), resample(heard, 48_000, 16_000))
    failed, again = t.recordings
    assert again is recording and failed.duration == pytest.approx(1.0, abs=0.05)


def test_an_address_with_a_token_is_used_whole_and_shown_without_it() -> None:
    whole = "wss://me:sk-mine@example.org/realtime?lesson=first&token=sk-mine"
    choice = EndpointChoice(whole)
    shown = choice.state()["url"]
    assert shown == "wss://example.org/realtime?lesson=first" and "sk-mine" not in str(choice.state())
    choice.choose("custom", shown)
    assert choice.endpoint.url == whole
    choice.choose("custom", "wss://example.org/other")
    assert choice.endpoint.url == choice.state()["url"] == "wss://example.org/other"
    with pytest.raises(EndpointError, match="characters, not repeated"):
        choice.choose("custom", "wss//me:sk-mine@example.org")


def test_a_typed_key_goes_to_the_host_it_was_typed_for_alone(monkeypatch) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    dated = "qwen3-asr-flash-realtime-2026-02-10"
    choice = EndpointChoice(dashscope("singapore", workspace="ws-1", model=dated))
    assert choice.state()["id"] == "singapore" and choice.state()["given"] == ""
    choice.set_key("sk-cloud")
    assert choice.endpoint.key() == "sk-cloud"
    assert (choice.endpoint.workspace, choice.endpoint.model) == ("ws-1", dated)
    for other in ({"name": "beijing"}, {"name": "custom", "url": "wss://example.org/realtime"}):
        choice.choose(**other)
        assert not choice.has_key
    choice.set_key("sk-mine")
    assert choice.endpoint.key() == "sk-mine"
    choice.choose("singapore")
    assert choice.endpoint.key() == "sk-cloud"
    assert choice.hide("sk-cloud and sk-mine") == "••• and •••"
    choice.set_key("")
    assert not choice.has_key
