"""Where our conversation class is better than the official one."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import traceback
from typing import Any

import pytest
from support.scripted_server import Peer, ScriptedServer, created

import qwen_asr_widgets
from qwen_asr_widgets import Endpoint, MultiModality, OmniRealtimeCallback, OmniRealtimeConversation
from qwen_asr_widgets.errors import (
    ConnectFailed, EndpointError, MissingKey, NotConnected, ServiceClosed, SettingError,
)

KEY = "sk-planted-4711"
TEXT = MultiModality.TEXT


@pytest.fixture(autouse=True)
def no_key_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    monkeypatch.setattr(qwen_asr_widgets, "api_key", None)
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class Events(OmniRealtimeCallback):
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def on_event(self, message: Any) -> None:
        self.events.append(message)


def talk(url: str, callback: OmniRealtimeCallback | None = None, key: str | None = KEY) -> Any:
    return OmniRealtimeConversation("m", callback or Events(), url=url, api_key=key)


@pytest.mark.parametrize(("status", "word"), [(401, "key"), (404, "path"), (403, "denied"), (503, "fault")])
def test_a_refused_handshake_names_its_status(status: int, word: str) -> None:
    with ScriptedServer(status=status) as server, pytest.raises(ConnectFailed) as caught:
        talk(server.url).connect()
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.status == status
    assert word in str(caught.value) and str(status) in str(caught.value)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_a_port_where_nothing_listens_is_said_to_be_that() -> None:
    with pytest.raises(ConnectFailed, match="nothing listens there"):
        talk(f"ws://127.0.0.1:{free_port()}/x").connect()


def test_an_unknown_name_is_said_to_be_a_matter_of_dns() -> None:
    with pytest.raises(ConnectFailed, match="nowhere.invalid is not known to DNS"):
        talk("ws://nowhere.invalid/x").connect()


def test_a_service_that_never_answers_is_given_up_in_time() -> None:
    from qwen_asr_widgets.client.websocket.connection import Connection

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(ConnectFailed, match="no answer within 0.2 s"):
            Connection(url, dict, print, print, connect_timeout=0.2).open()


def test_tls_where_there_is_none_is_said_to_be_that() -> None:
    with ScriptedServer() as server, pytest.raises(ConnectFailed, match="TLS failed|closed during"):
        talk(server.url.replace("ws://", "wss://")).connect()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A certificate for 127.0.0.1 that nobody has signed."""
    import datetime
    import ipaddress

    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime(2020, 1, 1)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now.replace(year=2100))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(True, None), True).sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                          serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)


def test_tls_wants_a_trusted_certificate_and_takes_a_ca_file(certificate: str) -> None:
    from qwen_asr_widgets.client.websocket.connection import Connection

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ScriptedServer(tls=context) as server:
        with pytest.raises(ConnectFailed, match="certificate is not trusted"):
            talk(server.url).connect()
        connection = Connection(server.url, dict, lambda _: None, lambda *_: None, ca_file=certificate)
        connection.open()
        payload = '{"type": "x", "pad": "' + "a" * 300_000 + '"}'
        for _ in range(20):
            connection.send(payload)
        server.peer().wait_for_frames(20)
        connection.close()
        assert server.peer().frames == [payload] * 20


def test_the_cloud_without_a_key_is_an_error_that_says_how_to_give_one() -> None:
    with pytest.raises(MissingKey, match="DASHSCOPE_API_KEY"):
        OmniRealtimeConversation("m", Events()).connect()


def test_the_key_is_read_when_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer() as server:
        conversation = talk(server.url, key=None)
        monkeypatch.setenv("DASHSCOPE_API_KEY", "from-environment")
        conversation.connect()
        conversation.close()
        monkeypatch.setattr(qwen_asr_widgets, "api_key", "from-module")
        for key in (None, "from-argument"):
            conversation = talk(server.url, key=key)
            conversation.connect()
            conversation.close()
        sent = [server.peer(number).headers["Authorization"] for number in range(3)]
    assert sent == ["Bearer from-environment", "Bearer from-module", "Bearer from-argument"]


def with_locals(problem: BaseException) -> str:
    """Return a traceback as IPython's verbose mode shows it: with the variables of every frame."""
    return "".join(traceback.TracebackException.from_exception(problem, capture_locals=True).format())


def test_a_planted_key_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    with ScriptedServer() as server:
        conversation = talk(server.url)
        conversation.connect()
        conversation.update_session([qwen_asr_widgets.MultiModality.TEXT])
        conversation.append_audio("QUI=")
        conversation.end_session()
        conversation.close()
        shown += [repr(conversation), repr(vars(conversation)), repr(vars(conversation.ws))]
    with ScriptedServer(status=401) as server:
        refused = talk(server.url)
        with pytest.raises(ConnectFailed) as caught:
            refused.connect()
        shown.append(with_locals(caught.value))
        shown.append(repr(caught.value.__context__) + repr(caught.value.__cause__))
    with pytest.raises(NotConnected) as lost:
        conversation.commit()
    shown.append(with_locals(lost.value))
    shown += [record.getMessage() + repr(record.args) for record in caplog.records]
    assert any("session.update" in text for text in shown)
    assert not [text for text in shown if KEY in text]


def test_a_raising_callback_is_logged_and_the_session_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    class Raising(OmniRealtimeCallback):
        def on_event(self, message: Any) -> None:
            raise ZeroDivisionError("in the user's callback")

        def on_close(self, code: Any, message: Any) -> None:
            raise ZeroDivisionError("at the end")

    with ScriptedServer() as server:
        conversation = talk(server.url, Raising())
        conversation.connect()
        conversation.end_session()
        conversation.close()
    assert conversation.get_session_id() == "sess_1"
    assert conversation.get_last_message()["type"] == "session.finished"
    tracebacks = [record for record in caplog.records if record.exc_info]
    assert len(tracebacks) == 3
    assert all(record.name == "qwen_asr_widgets" for record in tracebacks)


@pytest.mark.parametrize(("call", "param"), [
    (lambda c: c.append_audio(b"QUI="), "audio_b64"),
    (lambda c: c.append_audio(None), "audio_b64"),
    (lambda c: c.append_video(b"QUI="), "video_b64"),
    (lambda c: c.create_item("hello"), "item"),
    (lambda c: c.create_item({"when": object()}), "item"),
    (lambda c: c.create_response(output_modalities="text"), "output_modalities"),
    (lambda c: c.send_raw({"type": "x"}), "raw_data"),
    (lambda c: c.end_session("20"), "timeout"),
    (lambda c: c.update_session("text"), "output_modalities"),
    (lambda c: c.update_session(["text"]), "output_modalities"),
    (lambda c: c.update_session([TEXT], input_audio_format="pcm16"), "input_audio_format"),
    (lambda c: c.update_session([TEXT], turn_detection_param=0.5), "turn_detection_param"),
    (lambda c: c.update_session([TEXT], transcription_params="en"), "transcription_params"),
    (lambda c: c.update_session([TEXT], translation_params={"language": "en"}), "translation_params"),
    (lambda c: c.update_session([TEXT], input_audio_config={"type": "pcm"}), "input_audio_config"),
])
def test_a_wrong_type_is_answered_by_one_sentence_that_names_the_parameter(call: Any, param: str) -> None:
    with pytest.raises(SettingError, match=rf"{param} must be|cannot be sent") as refused:
        call(talk("ws://127.0.0.1:9/x"))
    assert refused.value.param == param and len(str(refused.value)) < 160


def test_a_misspelt_setting_is_sent_as_the_official_class_does_and_a_warning_names_the_right_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with ScriptedServer() as server:
        conversation = talk(server.url)
        conversation.connect()
        conversation.update_session([TEXT], turn_detection_treshold=0.5, instructions="x")
        conversation.close()
    assert conversation.config["turn_detection_treshold"] == 0.5
    (warned,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "did you mean 'turn_detection_threshold'?" in warned


def test_a_misspelt_keyword_of_the_constructor_is_answered_and_shows_no_key() -> None:
    with pytest.raises(TypeError, match="no argument 'api_kei'; did you mean 'api_key'?") as refused:
        OmniRealtimeConversation("m", Events(), api_kei=KEY)  # type: ignore[call-arg]
    inner = refused.value.__traceback__.tb_next  # type: ignore[union-attr]
    assert KEY not in with_locals(refused.value.with_traceback(inner))


# ---- an endpoint instead of an address


def test_an_endpoint_says_where_to_with_which_key_and_headers() -> None:
    with ScriptedServer() as server:
        endpoint = Endpoint(f"{server.url}?a=b", KEY, "another", "ws-7", {"X-Mine": "1"})
        conversation = OmniRealtimeConversation("m", Events(), {"X-Yours": "2"}, endpoint=endpoint)
        conversation.connect()
        conversation.close()
        peer = server.peer()
    assert conversation.url == f"{server.url}?a=b&model=m" and peer.path.endswith("?a=b&model=m")
    assert conversation.apikey == KEY
    expected = {
        "Authorization": f"Bearer {KEY}", "X-DashScope-WorkSpace": "ws-7", "X-Mine": "1", "X-Yours": "2"
    }
    assert {name: peer.headers[name] for name in expected} == expected
    assert KEY not in repr(vars(conversation))


def test_a_key_and_a_workspace_of_ones_own_come_before_the_endpoints() -> None:
    with ScriptedServer() as server:
        endpoint = Endpoint(server.url, KEY, workspace="ws-7")
        conversation = OmniRealtimeConversation(
            "m", Events(), workspace="ws-8", api_key="sk-mine", endpoint=endpoint
        )
        conversation.connect()
        conversation.close()
        headers = server.peer().headers
    assert (headers["Authorization"], headers["X-DashScope-WorkSpace"]) == ("Bearer sk-mine", "ws-8")


def test_an_endpoint_by_name_waits_for_its_key_until_connecting(monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = OmniRealtimeConversation("m", Events(), endpoint="singapore")
    assert conversation.url == "wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime?model=m"
    assert conversation.apikey is None
    with pytest.raises(MissingKey, match="DASHSCOPE_API_KEY"):
        conversation.connect()
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    assert conversation.apikey == KEY


def test_the_cloud_key_of_the_environment_does_not_go_to_an_endpoint_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    with ScriptedServer() as server:
        conversation = OmniRealtimeConversation("m", Events(), endpoint=server.url)
        conversation.connect()
        conversation.close()
        assert "Authorization" not in server.peer().headers


def test_url_and_endpoint_together_are_refused() -> None:
    with pytest.raises(SettingError, match="give one of them"):
        OmniRealtimeConversation("m", Events(), url="ws://127.0.0.1:9/x", endpoint="embedded")


def test_a_401_without_a_key_says_that_none_was_given() -> None:
    with ScriptedServer(status=401) as server:
        with pytest.raises(ConnectFailed, match="no key was given: pass api_key=") as refused:
            talk(server.url, key=None).connect()
        assert "region" not in str(refused.value) and refused.value.status == 401
        for endpoint in (Endpoint(server.url, KEY), Endpoint(f"{server.url}?token={KEY}")):
            with pytest.raises(ConnectFailed, match="the key was not accepted"):
                OmniRealtimeConversation("m", Events(), endpoint=endpoint).connect()


def test_end_session_says_at_once_that_the_connection_ended() -> None:
    def script(peer: Peer) -> None:
        peer.send(created())
        peer.until("session.finish")
        peer.close(1011, "worker died")

    with ScriptedServer(script) as server:
        conversation = talk(server.url)
        conversation.connect()
        with pytest.raises(TimeoutError, match="1011") as caught:
            conversation.end_session(timeout=60)
        assert isinstance(caught.value, ServiceClosed)


@pytest.mark.parametrize("frame", ["no json", "[1]", '"text"', b"binary", '{"type": 3}', "{}",
                                   '{"type": "session.created", "session": null}'])
def test_frames_that_are_no_events_do_not_disturb_the_session(frame: str | bytes) -> None:
    def script(peer: Peer) -> None:
        peer.send_raw(frame)
        peer.until("session.finish")
        peer.send({"type": "session.finished"})
        peer.drain()

    with ScriptedServer(script) as server:
        conversation = talk(server.url)
        conversation.connect()
        conversation.end_session()
        conversation.close()
    assert conversation.get_last_message()["type"] == "session.finished"


def test_closing_before_connecting_or_twice_does_nothing() -> None:
    ends: list[Any] = []

    class Closed(OmniRealtimeCallback):
        def on_close(self, code: Any, message: Any) -> None:
            ends.append((code, message))

    with ScriptedServer() as server:
        conversation = talk(server.url, Closed())
        conversation.close()
        assert server.requests == [] and ends == []
        conversation.connect()
        conversation.close()
        conversation.close()
        server.peer().wait_until_ended()
        assert server.peer().close_code == 1000 and len(server.requests) == 1
    assert ends == [(1000, None)]


def test_a_callback_may_close_the_conversation() -> None:
    class Closing(OmniRealtimeCallback):
        conversation: Any = None

        def on_event(self, message: Any) -> None:
            self.conversation.close()

    with ScriptedServer() as server:
        callback = Closing()
        callback.conversation = talk(server.url, callback)
        callback.conversation.connect()
        server.peer().wait_until_ended()
        assert server.peer().close_code == 1000


def test_the_three_callbacks_come_once_each_end_included() -> None:
    calls: list[str] = []

    class Counting(OmniRealtimeCallback):
        def on_open(self) -> None:
            calls.append("open")

        def on_event(self, message: Any) -> None:
            calls.append(message["type"])

        def on_close(self, code: Any, message: Any) -> None:
            calls.append(f"close {code} {message}")

    with ScriptedServer() as server:
        conversation = talk(server.url, Counting())
        conversation.connect()
        conversation.end_session()
        conversation.close()
    assert sorted(calls[:2]) == ["open", "session.created"]
    assert calls[2:] == ["session.finished", "close 1000 None"]


def logged(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)


@pytest.mark.parametrize(("model", "is_told"), [("qwen3-asr-flash-realtime", True), ("qwen-omni", False)])
def test_what_speech_recognition_has_no_use_for_is_said_and_sent_all_the_same(
    model: str, is_told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with ScriptedServer() as server:
        conversation = OmniRealtimeConversation(model, Events(), url=server.url, api_key=KEY)
        conversation.connect()
        conversation.create_item({"type": "message"})
        conversation.create_response()
        conversation.append_video("QUI=")
        server.peer().wait_for_frames(3)
        conversation.close()
    sent = ["conversation.item.create", "response.create", "input_image_buffer.append"]
    assert server.peer().types == sent
    assert [kind in logged(caplog) for kind in sent] == [is_told] * 3


def test_a_refused_change_of_settings_is_explained(caplog: pytest.LogCaptureFixture) -> None:
    message = "Session update error: session already started or finished or failed."

    def script(peer: Peer) -> None:
        peer.send({"type": "error", "error": {"code": "invalid_value", "message": message}})
        peer.close(1007)

    ended = threading.Event()

    class Ending(Events):
        def on_close(self, code: Any, text: Any) -> None:
            ended.set()

    with ScriptedServer(script) as server:
        callback = Ending()
        conversation = talk(server.url, callback)
        conversation.connect()
        assert ended.wait(20)
    assert callback.events[0]["error"]["message"] == message
    assert "Other settings need a new session" in logged(caplog)


def test_a_model_of_the_other_protocol_is_refused_before_connecting() -> None:
    conversation = OmniRealtimeConversation("qwen-audio-3.1-asr-flash-streaming", Events(), api_key=KEY)
    with pytest.raises(EndpointError, match="speaks another protocol.*qwen3-asr-flash-realtime"):
        conversation.connect()
