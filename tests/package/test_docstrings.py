"""The examples in the docstrings of every module run, and show what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import warnings
from importlib.util import find_spec

import pytest

import qwen_asr_widgets as qaw
from qwen_asr_widgets.client.recognizers import Requirement

pytestmark = pytest.mark.service

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(qaw.__path__, "qwen_asr_widgets.")
    if module.name.rpartition(".")[2] not in ("__main__", "make_samples", "make_prompts")
)


@pytest.mark.parametrize("name", ["qwen_asr_widgets", *MODULES])
def test_the_examples_of_a_module_run(name: str) -> None:
    module = importlib.import_module(name)
    for requirement in {getattr(kind, "requires", None) for kind in vars(module).values()}:
        if isinstance(requirement, Requirement) and find_spec(requirement.package) is None:
            pytest.skip(f"needs {requirement.install}")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module="qwen_asr_widgets")
        result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0
