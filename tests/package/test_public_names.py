"""The public face: every name is there and documented, with an example (test_docstrings runs them)."""

import ast
import doctest
import inspect
from pathlib import Path

import pytest

import qwen_asr_widgets as qaw

NAMES = sorted(set(qaw.__all__) - {"__version__", "api_key"})


def test_the_names_for_type_checkers_are_those_at_run_time():
    tree = ast.parse(Path(qaw.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body for alias in node.names}
    assert seen == set(NAMES) == set(qaw._MODULE_OF)


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_has_a_docstring_with_an_example(name):
    thing = getattr(qaw, name)
    doc = inspect.getdoc(thing)
    assert doc and not doc.startswith(f"{name}("), f"{name} has no docstring"
    if isinstance(thing, type) and issubclass(thing, Exception):
        return
    module = inspect.getmodule(thing)
    examples = doctest.DocTestFinder(recurse=False).find(thing, name, globs={**vars(module), "qaw": qaw})
    assert any(test.examples for test in examples), f"{name} shows no example"


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'transcibe'; did you mean 'transcribe'?"):
        qaw.transcibe
