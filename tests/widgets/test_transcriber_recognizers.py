"""The recogniser menu: what can be chosen, at what cost; what is chosen is ready before the first word."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from support.transcribing import ask, script, state, transcribers
from support.waiting import wait_until

from qwen_asr_widgets.client import recognizers
from qwen_asr_widgets.client.embedded import EmbeddedEndpoint, default_recognizer, embedded
from qwen_asr_widgets.client.recognizers import MissingModel, PublishedModel
from qwen_asr_widgets.errors import ConnectFailed, MissingDependency, RecognizerUnavailable
from qwen_asr_widgets.widgets.transcriber import preparation
from qwen_asr_widgets.widgets.transcriber.endpoints import EndpointChoice

BASE = PublishedModel("base", "Systran/faster-whisper-base", 145_217_532)


@pytest.fixture
def made():
    yield from transcribers()


class Loading:
    """Stands in for the start of the service: it takes until it is let go, then works or fails."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go = threading.Event()
        self.problem: Exception | None = None
        self.ready: set[str] = set()

    def start(self, endpoint: EmbeddedEndpoint) -> None:
        self.asked.append(endpoint.recognizer)
        self.go.wait(20)
        if self.problem is not None:
            raise self.problem
        self.ready.add(endpoint.recognizer)


@pytest.fixture
def loading(monkeypatch):
    found = Loading()
    monkeypatch.setattr(EmbeddedEndpoint, "start", lambda endpoint: found.start(endpoint))
    monkeypatch.setattr(EmbeddedEndpoint, "running", property(lambda at: at.recognizer in found.ready))
    yield found
    found.go.set()


@pytest.fixture
def lacking(monkeypatch):
    """Have Whisper lack its model until it is fetched; return what `fetch` does, which a test may change."""
    found = {"fetched": 0, "work": lambda: None}

    def fetch() -> None:
        found["work"]()
        found["fetched"] += 1

    missing = MissingModel("whisper", BASE, "/models", fetch)

    def missing_model(endpoint: EmbeddedEndpoint) -> MissingModel | None:
        return missing if endpoint.recognizer == "whisper" and not found["fetched"] else None

    monkeypatch.setattr(EmbeddedEndpoint, "missing_model", property(missing_model))
    return found


# ---- the menu

def test_the_menu_lists_every_recogniser_with_what_it_takes(monkeypatch) -> None:
    monkeypatch.setattr(recognizers, "find_spec", lambda name: None if name == "pocketsphinx" else name)
    rows = {row["name"]: row for row in EndpointChoice(embedded("moonshine")).state()["recognizers"]}
    assert list(rows) == ["moonshine", "whisper", "pocketsphinx", "openai"]
    assert rows["moonshine"]["installed"] and not rows["pocketsphinx"]["installed"]
    assert rows["pocketsphinx"]["command"] == 'pip install "qwen-asr-widgets[pocketsphinx]"'
    assert rows["pocketsphinx"]["languages"] == ("en",) and len(rows["whisper"]["languages"]) == 100
    assert rows["whisper"]["models"][0] == {"name": "base", "megabytes": 145}
    assert [name for name, row in rows.items() if row["sends"]] == ["openai"]


def test_a_recogniser_and_its_model_are_chosen_by_the_row() -> None:
    choice = EndpointChoice(script())
    assert choice.state()["id"] == "given"
    choice.choose("embedded:whisper")
    assert choice.endpoint == embedded("whisper") and choice.state()["model"] == "base"
    choice.choose("embedded:whisper", model="tiny")
    assert choice.endpoint == embedded("whisper", model="tiny") and choice.state()["model"] == "tiny"
    assert EndpointChoice(embedded("whisper", model="small")).state()["id"] == "embedded:whisper"
    assert EndpointChoice(embedded(default_recognizer())).state()["id"] == "embedded"


@pytest.mark.parametrize(("name", "model"), [
    ("embedded:wibble", ""), ("embedded:script", ""), ("embedded:openai", ""), ("embedded:whisper", "/etc"),
])
def test_what_is_no_row_of_the_menu_is_not_chosen(made, name, model) -> None:
    t = made()
    ask(t, "endpoint", id=name, model=model)
    assert state(t)["notice"]["code"] == "endpoint" and state(t)["endpoint"]["id"] == "given"


def test_a_page_is_told_that_sound_leaves_for_a_server_behind_the_embedded_service() -> None:
    told = EndpointChoice(embedded("openai", base_url="https://asr.example.org/v1", model="m")).state()
    assert told["cloud"] and told["goes_to"] == ["asr.example.org"]
    here = EndpointChoice(embedded("openai", base_url="http://127.0.0.1:8000/v1", model="m")).state()
    assert not here["cloud"] and here["goes_to"] == []


# ---- getting ready

def test_the_recogniser_is_loaded_once_when_the_page_opens_and_that_is_said_where_it_takes_time(
    made, loading, monkeypatch
) -> None:
    monkeypatch.setattr(preparation, "NOTICEABLE", 0.01)
    t = made(endpoint=embedded("moonshine"))
    assert loading.asked == []
    ask(t, "hello")
    ask(t, "hello", view="w")
    wait_until(lambda: state(t)["preparing"])
    assert state(t)["preparing"] == {"kind": "loading", "name": "moonshine", "megabytes": None}
    loading.go.set()
    wait_until(lambda: state(t)["preparing"] is None)
    ask(t, "hello")
    assert loading.asked == ["moonshine"]


def test_what_is_quick_is_not_said(made, loading) -> None:
    loading.go.set()
    t = made(endpoint=embedded("moonshine"))
    ask(t, "hello")
    wait_until(lambda: loading.ready)
    assert not [told for told, _ in t.heard if told.get("preparing")]


def test_another_recogniser_is_loaded_when_it_is_chosen(made, loading) -> None:
    loading.go.set()
    t = made(endpoint="beijing")
    ask(t, "hello")
    assert loading.asked == []
    ask(t, "endpoint", id="embedded:pocketsphinx" if default_recognizer() == "moonshine" else "embedded")
    wait_until(lambda: loading.ready == {"pocketsphinx"})


def test_why_it_does_not_load_is_said_before_the_first_word(made, loading) -> None:
    loading.problem = ConnectFailed("The embedded service ended with code 1 before it listened.")
    loading.go.set()
    t = made(endpoint=embedded("moonshine"))
    ask(t, "hello")
    wait_until(lambda: state(t)["notice"])
    assert state(t)["notice"]["code"] == "connect" and state(t)["preparing"] is None


def test_a_recogniser_whose_package_is_missing_is_told_with_the_command(made, loading, monkeypatch) -> None:
    monkeypatch.setattr(recognizers, "find_spec", lambda name: None)
    loading.problem = MissingDependency('It needs moonshine_voice: pip install "qwen-asr-widgets[moonshine]"')
    loading.go.set()
    t = made(endpoint=embedded("moonshine"))
    ask(t, "hello")
    wait_until(lambda: state(t)["notice"])
    assert state(t)["notice"]["code"] == "uninstalled" and "pip install" in state(t)["notice"]["detail"]


def test_a_server_elsewhere_is_left_alone_until_there_is_sound(made, loading) -> None:
    t = made(endpoint=embedded("openai", base_url="https://asr.example.org/v1", model="m"))
    ask(t, "hello")
    assert loading.asked == [] and state(t)["notice"] is None


# ---- a model that is downloaded

def test_a_model_is_asked_for_with_its_size_and_folder_and_downloaded_when_agreed_to(
    made, loading, lacking, monkeypatch
) -> None:
    monkeypatch.setattr(preparation, "NOTICEABLE", 60.0)
    loading.go.set()
    t = made()
    ask(t, "endpoint", id="embedded:whisper")
    notice = state(t)["notice"]
    assert (notice["code"], lacking["fetched"], loading.asked) == ("model", 0, [])
    assert notice["about"] == {
        "name": "base", "megabytes": 145, "source": "huggingface.co/Systran/faster-whisper-base",
        "folder": "/models",
    }
    held = threading.Event()
    lacking["work"] = lambda: held.wait(20)
    ask(t, "fetch")
    assert state(t)["preparing"] == {"kind": "fetching", "name": "base", "megabytes": 145}
    assert state(t)["notice"] is None
    held.set()
    wait_until(lambda: loading.ready == {"whisper"})
    assert lacking["fetched"] == 1
    wait_until(lambda: state(t)["preparing"] is None)


def test_a_notice_about_a_model_goes_with_the_recogniser_that_needs_it(made, loading, lacking) -> None:
    t = made()
    ask(t, "endpoint", id="embedded:whisper")
    ask(t, "endpoint", id="given")
    assert state(t)["notice"] is None


def test_a_download_that_fails_says_how_else_and_can_be_tried_again(made, loading, lacking) -> None:
    def fails() -> None:
        raise RecognizerUnavailable("It was not downloaded. On a machine with a network run: hf download …")

    lacking["work"] = fails
    t = made()
    ask(t, "endpoint", id="embedded:whisper")
    ask(t, "fetch")
    wait_until(lambda: state(t)["notice"])
    assert state(t)["notice"]["code"] == "fetch" and "hf download" in state(t)["notice"]["detail"]
    lacking["work"] = lambda: None
    loading.go.set()
    ask(t, "fetch")
    wait_until(lambda: loading.ready == {"whisper"})


def test_sound_that_came_before_the_model_is_recognised_after_it(lacking, monkeypatch) -> None:
    monkeypatch.setattr(EmbeddedEndpoint, "start", lambda endpoint: endpoint)
    tried = []
    failed = SimpleNamespace(error=RecognizerUnavailable("no model"))
    model = SimpleNamespace(
        choice=SimpleNamespace(endpoint=embedded("whisper")), run=failed, active=False, notice=None,
        lock=threading.RLock(), try_again=lambda: tried.append(True),
    )
    preparation.Preparation(model, lambda: None).fetch()
    wait_until(lambda: tried == [True])
