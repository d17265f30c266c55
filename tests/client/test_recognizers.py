"""What is known of recognisers without loading one: what they take, where sound goes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qwen_asr_widgets.cli import arguments
from qwen_asr_widgets.cli.doctor import about_recognizer
from qwen_asr_widgets.client import recognizers
from qwen_asr_widgets.client.embedded import embedded
from qwen_asr_widgets.client.named_endpoints import dashscope
from qwen_asr_widgets.client.recognizers import all_recognizers, recognizer_facts
from qwen_asr_widgets.errors import RecognizerUnavailable
from qwen_asr_widgets.service.recognizers import whisper_models
from qwen_asr_widgets.service.recognizers.whisper_models import LANGUAGES, MODELS

DOCS = Path(__file__).parents[2] / "notebooks" / "docs"
INSTALL = (DOCS / "install.md").read_text("utf-8")
RECOGNISERS = (DOCS / "howto" / "recognisers.md").read_text("utf-8")


def test_what_a_recogniser_takes_is_what_its_extra_adds_in_the_documentation() -> None:
    measured = dict(re.findall(r"^\| `?(\w+)`? \| (\d+) MB \| \d+ s \|$", INSTALL, re.M))
    assert set(measured) >= {"none", "lab", "media", "pocketsphinx", "moonshine", "whisper", "openai"}
    for facts in all_recognizers():
        assert facts.footprint.installed_mb == int(measured[facts.name]) - int(measured["none"])


def test_sizes_of_whispers_models_in_the_documentation_are_those_of_the_table() -> None:
    told = dict(re.findall(r"`([\w.-]+)`\s(?:has\s)?([\d,]+)\sMB", RECOGNISERS))
    sizes = {model.name: model.megabytes for model in MODELS}
    assert {"tiny", "base", "small", "medium", "large-v3"} <= set(told)
    assert {name: int(size.replace(",", "")) for name, size in told.items()} == {
        name: sizes[name] for name in told
    }


def test_names_repositories_and_languages_are_those_of_faster_whisper() -> None:
    utils = pytest.importorskip("faster_whisper.utils", reason="faster-whisper is not installed")
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    assert {model.name: model.repository for model in MODELS} == utils._MODELS
    assert sorted(LANGUAGES) == sorted(_LANGUAGE_CODES)
    sized = [model for model in MODELS if not model.name.startswith("distil")]
    assert all(model.size for model in sized) and MODELS[0].name == "base"


def test_a_recogniser_that_is_not_installed_is_listed_with_the_command(monkeypatch) -> None:
    monkeypatch.setattr(recognizers, "find_spec", lambda package: None)
    facts = recognizer_facts("pocketsphinx")
    assert facts is not None and not facts.is_installed
    assert about_recognizer(facts) == (
        'no pocketsphinx (pip install "qwen-asr-widgets[pocketsphinx]"): en, 40 MB, sound stays here'
    )


def test_what_does_not_exist_and_what_hears_nothing_are_not_listed() -> None:
    assert recognizer_facts("wibble") is None
    assert "script" not in {facts.name for facts in all_recognizers()}


@pytest.mark.parametrize(("endpoint", "hosts"), [
    (embedded("moonshine"), ()), (embedded("script"), ()), (dashscope(), ("dashscope.aliyuncs.com",)),
    (embedded("openai", base_url="http://localhost:8000/v1"), ()),
    (embedded("openai", base_url=["http://10.0.0.7/v1", "http://127.0.0.1/v1", "https://api.openai.com/v1"]),
     ("10.0.0.7", "api.openai.com")),
    (embedded("openai", base_url="http://[::1"), ("http://[::1",)),
    (embedded("openai"), ()),
])
def test_where_sound_goes_is_known_without_starting_anything(endpoint, hosts) -> None:
    before = getattr(endpoint, "running", False)  # by another test: an endpoint of the same kind is shared
    assert endpoint.sound_goes_to == hosts
    assert getattr(endpoint, "running", False) == before


# ---- a model that is downloaded

@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Have no model on this machine, and a folder of the test's own for them."""
    pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    hub = pytest.importorskip("huggingface_hub")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    look = hub.try_to_load_from_cache
    monkeypatch.setattr(hub, "try_to_load_from_cache", lambda *names: look(*names, cache_dir=tmp_path))
    return tmp_path


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch, cache: Path) -> list[str]:
    """Stand in for the download: note the names, and place what the hub would."""
    import faster_whisper

    asked: list[str] = []

    def download(name: str) -> str:
        asked.append(name)
        snapshot = cache / f"models--Systran--faster-whisper-{name}" / "snapshots" / "1"
        snapshot.mkdir(parents=True)
        (snapshot / "model.bin").write_bytes(b"weights")
        (snapshot.parents[1] / "refs").mkdir()
        (snapshot.parents[1] / "refs" / "main").write_text("1")
        return str(snapshot)

    monkeypatch.setattr(faster_whisper, "download_model", download)
    return asked


def test_a_model_is_downloaded_only_when_asked_for_and_found_from_then_on(cache, downloads) -> None:
    endpoint = embedded("whisper", model="small")
    lacking = endpoint.missing_model
    assert lacking is not None and str(lacking) == (
        f"Whisper needs the model 'small' (484 MB), which is downloaded once from "
        f"huggingface.co/Systran/faster-whisper-small to {cache}."
    )
    assert downloads == []
    lacking.fetch()
    assert downloads == ["small"] and endpoint.missing_model is None
    assert whisper_models.find_folder("small").parent.name == "snapshots"
    assert embedded("whisper").missing_model.model.name == "base"


def test_a_folder_is_needed_no_network_for(cache, downloads, tmp_path) -> None:
    folder = tmp_path / "brought"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b"weights")
    assert embedded("whisper", model=str(folder)).missing_model is None
    folder.rename(cache / "faster-whisper-base")
    assert embedded("whisper").missing_model is None and downloads == []


def test_what_is_no_model_is_not_offered_for_download(cache) -> None:
    for name in ("bsae", "/no/such/folder", "..\\models\\base", ""):
        assert embedded("whisper", model=name).missing_model is None
    (cache / "empty").mkdir()
    assert embedded("whisper", model=str(cache / "empty")).missing_model is None


def test_without_a_network_one_sentence_says_what_to_run_elsewhere_and_where_to_put_it(
    cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    import faster_whisper

    def no_network(name: str) -> None:
        raise ConnectionError("[Errno -3] Temporary failure in name resolution")

    monkeypatch.setattr(faster_whisper, "download_model", no_network)
    with pytest.raises(RecognizerUnavailable) as caught:
        embedded("whisper", model="tiny").missing_model.fetch()
    said = str(caught.value)
    assert "'tiny' was not downloaded (ConnectionError). On a machine with a network run: " in said
    assert "hf download Systran/faster-whisper-tiny --local-dir faster-whisper-tiny." in said
    assert f"put the folder faster-whisper-tiny into {cache} here" in said


# ---- the terminal

class Terminal:
    """Stands in for standard input."""

    def __init__(self, is_terminal: bool) -> None:
        self.isatty = lambda: is_terminal


def test_a_program_prints_one_line_and_goes_on(downloads, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(False))
    arguments.fetch_missing_model(embedded("whisper"))
    arguments.fetch_missing_model(embedded("whisper"))
    told = capsys.readouterr().err
    assert downloads == ["base"] and told.count("\n") == 1 and "'base' (145 MB)" in told


@pytest.mark.parametrize(("answer", "fetched"), [("y", ["base"]), ("", []), ("no", [])])
def test_in_a_terminal_it_is_asked(downloads, monkeypatch: pytest.MonkeyPatch, answer, fetched) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(True))
    monkeypatch.setattr("builtins.input", lambda question: answer)
    if fetched:
        arguments.fetch_missing_model(embedded("whisper"))
    else:
        with pytest.raises(RecognizerUnavailable, match="Nothing was downloaded"):
            arguments.fetch_missing_model(embedded("whisper"))
    assert downloads == fetched


def test_recognisers_that_need_no_download_are_asked_about_nothing(capsys) -> None:
    for endpoint in (embedded("script"), dashscope(), embedded("openai", base_url="http://127.0.0.1:1/v1")):
        arguments.fetch_missing_model(endpoint)
    assert capsys.readouterr().err == ""
