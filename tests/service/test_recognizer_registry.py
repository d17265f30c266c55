"""Recognisers are found by name, also those of other distributions; one that cannot run says why."""

from __future__ import annotations

import os

import pytest

from qwen_asr_widgets.audio.samples import sample
from qwen_asr_widgets.client.embedded import embedded
from qwen_asr_widgets.errors import EndpointError, MissingDependency
from qwen_asr_widgets.recording import transcribe
from qwen_asr_widgets.service.recognizers import available, find_recognizer
from qwen_asr_widgets.service.recognizers.script import ScriptRecognizer

pytestmark = pytest.mark.service

TALK = sample("conversation")


def test_the_built_in_recognisers_are_found_by_name():
    assert {"pocketsphinx", "script"} <= set(available())
    assert find_recognizer("script") is ScriptRecognizer
    with pytest.raises(EndpointError, match=r"'wibble'\. Installed are .*pocketsphinx"):
        find_recognizer("wibble")
    with pytest.raises(EndpointError, match="did you mean 'pocketsphinx'?"):
        find_recognizer("pocket_sphinx")


def test_an_endpoint_knows_its_recognisers_languages_without_starting_it():
    assert embedded("pocketsphinx").languages == ("en",) and embedded("script").languages is None
    assert embedded("wibble").languages is None
    assert not embedded("wibble").running


TOY = """
import os
import signal

from qwen_asr_widgets.service.recognizers import Hypothesis, Requirement


class Toy:
    engine, languages, costly_partials, can_finish_early = "toy 1", ("xx",), False, False

    def configure(self, language, corpus_text):
        return ()

    def start(self, first_sample):
        self.samples = 0

    def accept(self, samples):
        self.samples += len(samples)

    def partial(self):
        return Hypothesis("", "so far")

    def finish(self):
        return "toy words"


class Illegal(Toy):
    def __init__(self):
        os.kill(os.getpid(), signal.SIGILL)


class Needy(Toy):
    requires = Requirement("no_such_package", "pip install no-such-package")
"""


@pytest.fixture
def toys(tmp_path, monkeypatch):
    """Register three recognisers as another distribution would: a module, and its entry points."""
    (tmp_path / "toy_recognizers.py").write_text(TOY)
    metadata = tmp_path / "toys-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: toys\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[qwen_asr_widgets.recognizers]\ntoy = toy_recognizers:Toy\nneedy = toy_recognizers:Needy\n"
        "illegal = toy_recognizers:Illegal\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_a_recogniser_is_added_by_a_module_and_an_entry_point(toys):
    with embedded("toy") as endpoint:
        recording = transcribe(TALK.clip[:4.5], endpoint, pace=None, progress=False)
        assert endpoint.languages == ("xx",) and endpoint.engine == "toy 1"
    assert [utterance.text for utterance in recording.utterances] == ["toy words"]


def test_a_recogniser_whose_package_is_missing_says_how_to_install_it_at_first_use(toys):
    assert "toy" in available() and "needy" not in available()
    said = "'needy' needs no_such_package, which is not installed: pip install no-such-package"
    with pytest.raises(MissingDependency, match=said):
        find_recognizer("needy")
    with pytest.raises(MissingDependency, match=said):
        embedded("needy").start()


@pytest.mark.skipif(not hasattr(os, "kill") or os.name == "nt", reason="Windows has no such signal")
def test_an_engine_that_this_processor_cannot_run_is_told_in_a_sentence(toys):
    with pytest.raises(EndpointError, match="did not start: this processor lacks .*pocketsphinx"):
        embedded("illegal").start()
