"""Endpoints: what they resolve to, what they show, and the embedded process."""

from __future__ import annotations

import copy
import dataclasses
import json
import os
import pickle
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.waiting import wait_until

import qwen_asr_widgets
from qwen_asr_widgets.client.dashscope.conversation import OmniRealtimeCallback, OmniRealtimeConversation
from qwen_asr_widgets.client.service_process import ServiceProcess
from qwen_asr_widgets.client import embedded as embedding
from qwen_asr_widgets.client.embedded import INSTALL_MOONSHINE, embedded
from qwen_asr_widgets.client.endpoints import Endpoint, is_loopback_host
from qwen_asr_widgets.client.named_endpoints import dashscope, resolve_endpoint
from qwen_asr_widgets.client.prices import PRICES, prices
from qwen_asr_widgets.client.stream import AudioStream
from qwen_asr_widgets.errors import ConnectFailed, EndpointError, MissingKey
from qwen_asr_widgets.protocol.cloud_facts import GRADES

KEY = "sk-planted-0815"


@pytest.fixture(autouse=True)
def no_key_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DASHSCOPE_API_KEY", raising=False)
    monkeypatch.setattr(qwen_asr_widgets, "api_key", None)


@pytest.mark.parametrize(("where", "url"), [
    ("beijing", "wss://dashscope.aliyuncs.com/api-ws/v1/realtime"),
    ("singapore", "wss://dashscope-intl.aliyuncs.com/api-ws/v1/realtime"),
    ("ws://127.0.0.1:8000/api-ws/v1/realtime", "ws://127.0.0.1:8000/api-ws/v1/realtime"),
])
def test_a_text_resolves_to_its_endpoint(where: str, url: str) -> None:
    assert resolve_endpoint(where).url == url


def test_nothing_and_embedded_are_the_same_and_an_endpoint_stays_itself() -> None:
    assert resolve_endpoint(None) == resolve_endpoint("embedded") == embedded()
    assert resolve_endpoint("embedded:script") == embedded("script")
    made = dashscope()
    assert resolve_endpoint(made) is made


@pytest.mark.parametrize("where", ["mars", "http://x", "", 7])
def test_an_unknown_endpoint_names_the_choices(where: Any) -> None:
    with pytest.raises(EndpointError, match="embedded, beijing, singapore") as caught:
        resolve_endpoint(where)
    assert repr(where) in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "[::1]", "::ffff:127.0.0.1", "localhost",
                                  "a.localhost", "LOCALHOST."])
def test_loopback_is_this_machine_by_its_address(host: str) -> None:
    assert is_loopback_host(host)


@pytest.mark.parametrize("host", ["127.0.0.1.evil.org", "127.evil.org", "localhost.evil.org", "0.0.0.0", "::",
                                  "128.0.0.1", "127.0.0.999", "", "mylocalhost"])
def test_a_name_that_only_looks_like_loopback_is_another_machine(host: str) -> None:
    assert not is_loopback_host(host)
    assert not Endpoint(f"ws://{host or 'x'}/realtime".replace("::", "[::]")).is_loopback


def test_an_unknown_region_names_the_choices() -> None:
    with pytest.raises(EndpointError, match="'paris'.*beijing and singapore"):
        dashscope("paris")


@pytest.mark.parametrize(("make", "given", "meant"), [
    (dashscope, "bejing", "beijing"), (dashscope, "Singapore", "singapore"),
    (resolve_endpoint, "singapor", "singapore"), (resolve_endpoint, "embeded", "embedded"),
])
def test_a_misspelt_name_is_answered_with_the_right_one(make: Any, given: str, meant: str) -> None:
    with pytest.raises(EndpointError, match=f"no (region|endpoint) '{given}'; did you mean '{meant}'?"):
        make(given)


@pytest.mark.parametrize("wrong", [{"model": 7}, {"model": None}, {"workspace": 7}, {"headers": "X-Mine: 1"}])
def test_a_part_of_an_endpoint_of_the_wrong_type_is_named(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(EndpointError, match=f"^{name} must be"):
        Endpoint("wss://example.org/x", **wrong)


def test_a_workspace_may_have_its_own_host() -> None:
    made = dashscope("singapore", "ws-7", KEY, workspace_host=True)
    assert made.url == "wss://ws-7.ap-southeast-1.maas.aliyuncs.com/api-ws/v1/realtime"
    assert made.request_headers()["X-DashScope-WorkSpace"] == "ws-7"
    with pytest.raises(EndpointError, match="workspace id"):
        dashscope(workspace="evil.example.org/", workspace_host=True)


@pytest.mark.parametrize("url", ["http://x/", "wss://", "x", None, "ws://h:99999/"])
def test_what_is_no_websocket_address_is_refused(url: Any) -> None:
    with pytest.raises(EndpointError, match="not a WebSocket address"):
        Endpoint(url)


def test_a_key_shows_in_no_repr_comparison_copy_or_pickle() -> None:
    made = dashscope(api_key=KEY)
    shown = [repr(made), str(made), repr(vars(made)), repr(dataclasses.asdict(made)), f"{made.api_key}"]
    assert not [text for text in shown if KEY in text]
    assert KEY.encode() not in pickle.dumps(made)
    assert made == dashscope() and hash(made) == hash(dashscope())
    assert copy.deepcopy(made).key() == dataclasses.replace(made, model="m").key() == KEY
    with pytest.raises(MissingKey):
        pickle.loads(pickle.dumps(made)).key()


def test_the_key_is_looked_up_in_order_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = dashscope()
    with pytest.raises(MissingKey, match="DASHSCOPE_API_KEY"):
        made.key()
    monkeypatch.setenv("DASHSCOPE_API_KEY", "environment")
    assert made.key() == "environment"
    monkeypatch.setattr(qwen_asr_widgets, "api_key", "module")
    assert made.key() == "module"
    assert dashscope(api_key="argument").key() == "argument"


def test_the_cloud_key_of_the_environment_goes_to_the_cloud_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    for url in ("wss://example.org/x", "ws://127.0.0.1:1/x", "wss://evil-aliyuncs.com/x"):
        assert Endpoint(url).key() is None
    assert Endpoint("wss://example.org/x", "own").key() == "own"


def test_the_cloud_key_of_the_environment_goes_out_encrypted_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    monkeypatch.setattr(qwen_asr_widgets, "api_key", KEY)
    plain = "ws://dashscope.aliyuncs.com/x"
    with pytest.raises(MissingKey, match="not encrypted.*wss://"):
        Endpoint(plain).request_headers()
    with pytest.raises(MissingKey, match="not encrypted"):
        OmniRealtimeConversation("m", OmniRealtimeCallback(), url=plain).connect()
    assert Endpoint(plain, "own").key() == "own"
    assert Endpoint(plain.replace("ws:", "wss:")).key() == KEY


def test_user_and_password_of_an_address_show_nowhere() -> None:
    made = Endpoint(f"wss://me:{KEY}@example.org:8443/x?token={KEY}")
    assert made.public_address == "wss://example.org:8443/x" and made.public_address in repr(made)
    shown = [repr(made), made.name, made.public_address]
    for make in (Endpoint, resolve_endpoint):
        for wrong in (f"https://me:{KEY}@example.org/x?token={KEY}", f"wss://me:{KEY}@example.org:99999/x",
                      f"https://me:{KEY}?{KEY}@example.org/x"):
            with pytest.raises(EndpointError, match="example.org") as refused:
                make(wrong)
            shown.append(str(refused.value))
    assert not [text for text in shown if KEY in text]


def test_what_is_secret_in_an_address_is_in_no_pickle_and_in_every_copy() -> None:
    url = f"wss://me:{KEY}@example.org:8443/x?lesson=first&token={KEY}&any={KEY}"
    made = Endpoint(url, proxy=f"http://me:{KEY}@proxy.example.org:3128")
    pickled = pickle.dumps(made)
    assert KEY.encode() not in pickled
    back = pickle.loads(pickled)
    assert back.url == "wss://example.org:8443/x?lesson=first" and back.name == made.name
    assert back.proxy == "http://proxy.example.org:3128"
    assert copy.copy(made) == copy.deepcopy(made) == dataclasses.replace(made) == made and made.url == url
    for proxy in (None, "environment", "proxy.example.org:3128"):
        assert pickle.loads(pickle.dumps(Endpoint("wss://example.org/x", proxy=proxy))).proxy == proxy
    for user in (f"me:{KEY}", f"me:{KEY}//more", f"{KEY}//more:any"):
        assert pickle.loads(pickle.dumps(Endpoint("ws://h/", proxy=f"{user}@proxy:1"))).proxy == "proxy:1"


def test_a_proxy_that_is_no_address_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = "http://me:pass/word@proxy.example.org:3128"
    monkeypatch.setenv("https_proxy", wrong)
    for proxy in (wrong, "environment"):
        stream = AudioStream(Endpoint("wss://no-such-host.invalid/x", proxy=proxy))
        with pytest.raises(EndpointError, match="not an address like 'http://host:port'") as refused:
            stream.connect()
        assert "pass" not in str(refused.value) and refused.value.__context__ is None


@pytest.mark.parametrize("make", [
    dashscope, resolve_endpoint, Endpoint, embedded,
    lambda key: dashscope("beijing", key),
    lambda key: dashscope(workspace=key, workspace_host=True),
    lambda key: Endpoint("wss://example.org/x", model=key),
    lambda key: Endpoint("wss://example.org/x", workspace=key),
])
@pytest.mark.parametrize("key", [KEY, f"Bearer {KEY}", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"])
def test_a_key_given_in_the_wrong_place_is_not_repeated(make: Any, key: str) -> None:
    with pytest.raises(EndpointError, match="looks like a key") as refused:
        make(key)
    assert key not in str(refused.value) and KEY not in str(refused.value)


@pytest.mark.parametrize("make", [dashscope, resolve_endpoint, Endpoint])
@pytest.mark.parametrize("key", [
    "550e8400-e29b-41d4-a716-446655440000", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", f"'{KEY}'",
    f"DASHSCOPE_API_KEY={KEY}", f"{KEY}\n# mine", "my_own_secret_of_24_char", KEY.encode(), [KEY],
    {"key": KEY},
])
def test_what_reads_as_neither_word_nor_address_is_not_repeated(make: Any, key: Any) -> None:
    said = r"not repeated: they may be a key|\(of type (bytes|list|dict)\)"
    with pytest.raises(EndpointError, match=said) as refused:
        make(key)
    assert not [part for part in (KEY, "550e", "eyJ", "own_secret") if part in str(refused.value)]


@pytest.mark.parametrize("where", ["localhost:8000", "127.0.0.1:8000/api", "cn-beijing", "any cloud", "http"])
def test_a_word_or_an_address_that_is_no_endpoint_is_repeated(where: str) -> None:
    with pytest.raises(EndpointError, match="There is no endpoint") as refused:
        resolve_endpoint(where)
    assert repr(where) in str(refused.value)


SECRET_HEADERS = {"Authorization": f"Bearer {KEY}", "cookie": KEY, "X-Gateway-Token": KEY, "X-Any": KEY}


def test_headers_that_are_secret_go_to_the_service_and_nowhere_else() -> None:
    made = Endpoint("ws://127.0.0.1:9/x", headers={**SECRET_HEADERS, "X-Lesson": "first"})
    assert made.request_headers() == {"OpenAI-Beta": "realtime=v1", **SECRET_HEADERS, "X-Lesson": "first"}
    assert dataclasses.replace(made, model="m").request_headers() == made.request_headers()
    shown = [repr(made), repr(vars(made)), repr(dataclasses.asdict(made)), f"{made.headers}"]
    assert not [text for text in shown if KEY in text]
    pickled = pickle.dumps(made)
    assert KEY.encode() not in pickled
    assert pickle.loads(pickled).request_headers() == {"OpenAI-Beta": "realtime=v1", "X-Lesson": "first"}


def test_no_frame_of_a_refused_endpoint_holds_a_secret_header() -> None:
    with pytest.raises(EndpointError) as refused:
        Endpoint("https://no-web-socket.invalid/", headers=SECRET_HEADERS)
    trace = traceback.walk_tb(refused.value.__traceback__)
    frames = traceback.StackSummary.extract(trace, capture_locals=True)
    inner = [frame for frame in frames if "tests" not in frame.filename]
    assert inner and not [frame for frame in inner if KEY in str(frame.locals)]


def test_names_of_models_workspaces_and_hosts_are_not_taken_for_keys() -> None:
    for model in ("qwen3-asr-flash-realtime-2025-10-27", "qwen3-asr-flash-realtime-2026-02-10"):
        assert dashscope(workspace="llm-us9hjmt32nysdm5v", model=model, workspace_host=True).model == model
    assert Endpoint("wss://example.org/api-ws/v1/realtime0123456789abcdef0123456789").name == "example.org"


@pytest.mark.parametrize("make", [dashscope, lambda **given: Endpoint("wss://example.org/x", **given)])
def test_a_misspelt_keyword_is_answered_and_its_value_is_not_shown(make: Any) -> None:
    with pytest.raises(TypeError, match="did you mean 'api_key'?") as refused:
        make(apikey=KEY)
    frames = traceback.TracebackException.from_exception(refused.value, capture_locals=True).stack
    assert KEY not in str([frame.locals for frame in frames if frame.filename.endswith("errors.py")])


def test_prices_are_dated_graded_and_name_their_source() -> None:
    assert {price.currency for price in prices("beijing")} == {"CNY", "USD"}
    for price in PRICES:
        assert price.grade in GRADES
        assert f"as listed [{price.grade}: {price.source}; read on {price.seen}]" in str(price)
    assert prices("beijing")[0].cost(3_600) == pytest.approx(1.188)


# ---- the embedded process, with a child that only keeps the contract

CHILD = textwrap.dedent("""
    import json, os, sys
    greeting = json.loads(sys.stdin.readline())
    sys.stderr.write("warming up\\n")
    if greeting["recognizer"] == "none":
        print(json.dumps({"error": "There is no recogniser 'none'."}), flush=True)
        sys.exit(1)
    if greeting["recognizer"] == "broken":
        sys.exit("it broke with " + greeting["key"])
    if greeting["recognizer"] != "slow":
        print(json.dumps({"port": 1234, "engine": "a child"}), flush=True)
    sys.stdin.read()
""")


def process(recognizer: str = "ok", **options: Any) -> ServiceProcess:
    return ServiceProcess(recognizer, command=(sys.executable, "-c", CHILD), **options)


@pytest.fixture()
def running() -> Iterator[ServiceProcess]:
    made = process()
    made.start()
    yield made
    made.stop()


def test_the_process_starts_once_and_tells_its_port(running: ServiceProcess) -> None:
    before = running.pid
    assert running.start() == 1234 and running.pid == before
    assert running.engine == "a child"


def test_key_and_options_are_in_no_argument_and_no_variable(
    running: ServiceProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = psutil.Process(running.pid)
    shown = json.dumps([child.cmdline(), child.environ()])
    assert running.key and running.key not in shown
    assert "DASHSCOPE_API_KEY" not in child.environ()
    assert running.key not in repr(running)


def test_the_process_has_its_own_group(running: ServiceProcess) -> None:
    assert running.pid is not None and os.getpgid(running.pid) != os.getpgid(0)


def test_the_process_is_started_again_after_it_died(running: ServiceProcess) -> None:
    first, key = running.pid, running.key
    psutil.Process(first).kill()
    wait_until(lambda: not running.running)
    running.start()
    assert running.pid != first and running.key != key


def test_a_with_block_ends_what_it_started() -> None:
    made = process()
    made.hold()
    made.hold()
    made.release()
    assert made.running
    made.release()
    assert not made.running


def test_a_with_block_leaves_what_others_started(running: ServiceProcess) -> None:
    running.hold()
    running.release()
    assert running.running


@pytest.mark.parametrize(("recognizer", "kind", "text"), [
    ("none", EndpointError, "There is no recogniser 'none'"),
    ("broken", ConnectFailed, "code 1(.|\n)*warming up(.|\n)*it broke with <key>"),
    ("slow", ConnectFailed, "within 0.5 s(.|\n)*warming up"),
])
def test_a_process_that_does_not_come_up_says_why(recognizer: str, kind: Any, text: str) -> None:
    made = process(recognizer, start_seconds=0.5 if recognizer == "slow" else 30.0)
    with pytest.raises(kind, match=text):
        made.start()
    assert not made.running


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import os, sys
        from qwen_asr_widgets.client.service_process import ServiceProcess
        child = ServiceProcess("ok", command=(sys.executable, "-c", {CHILD!r}))
        child.start()
        print(child.pid, flush=True)
        os.kill(os.getpid(), 9)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    pid = int(done.stdout)

    def ended() -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    assert done.returncode == -9
    assert wait_until(ended, what="the service is gone")


def test_a_fork_leaves_the_parents_process_alone(running: ServiceProcess) -> None:
    child = os.fork()
    if child == 0:
        running.forget()
        running.stop()
        os._exit(0)
    os.waitpid(child, 0)
    assert running.running


@pytest.mark.service
def test_endpoints_with_the_same_arguments_are_one_process() -> None:
    assert embedded(a=1, b=2) == embedded(b=2, a=1) != embedded()
    with embedded("script", fail_at=7.0, crash_at=8.0) as first:
        second = embedded("script", crash_at=8.0, fail_at=7.0)
        assert second.running and (second.base_url, second.key()) == (first.base_url, first.key())
        assert not embedded("script", fail_at=7.0).running
    assert pickle.loads(pickle.dumps(embedded(a=1))) == embedded(a=1)


@pytest.mark.parametrize(("there", "chosen"), [
    ({"moonshine_voice", "pocketsphinx"}, "moonshine"), ({"moonshine_voice"}, "moonshine"),
    ({"pocketsphinx"}, "pocketsphinx"), (set(), "moonshine"),
])
def test_moonshine_is_taken_where_it_is_installed_else_pocketsphinx_with_the_command(
    monkeypatch: pytest.MonkeyPatch, there: set[str], chosen: str
) -> None:
    monkeypatch.setattr(embedding, "find_spec", lambda name: name if name in there else None)
    assert embedded() == embedded(chosen) == resolve_endpoint(None)
    assert embedded().name == f"embedded {chosen}"
    assert (INSTALL_MOONSHINE in (embedded().improvement or "")) == (chosen == "pocketsphinx")
    assert embedded("script").improvement is None


def test_an_option_json_cannot_carry_is_refused() -> None:
    with pytest.raises(EndpointError, match="cannot be passed on"):
        embedded(words=object())


def test_an_endpoint_says_what_is_known_of_its_service() -> None:
    assert dashscope("singapore").facts.name == "dashscope"
    assert not dashscope("beijing", workspace="ws-1", workspace_host=True).facts.update_midway
    assert embedded().facts.name == "ideal" and embedded().facts.update_midway
    unknown = Endpoint("wss://example.org/realtime").facts
    assert (unknown.name, unknown.end_contains_silence) == ("documented", False)


def test_a_model_of_the_other_protocol_is_refused_where_dashscope_is_asked_for_it() -> None:
    with pytest.raises(EndpointError, match="speaks another protocol"):
        dashscope("beijing", model="qwen-audio-3.1-asr-flash-streaming")
    assert Endpoint("wss://example.org/x", model="qwen-audio-3.1-asr-flash-streaming").model
