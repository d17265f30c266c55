"""The public face: every name is there and documented, with an example that a user can run as it stands."""

import ast
import doctest
import inspect
from pathlib import Path

import numpy as np
import pytest

import qwen_asr_widgets as qaw

NAMES = sorted(set(qaw.__all__) - {"__version__", "api_key", "presentation"})
SERVED = {"OmniRealtimeConversation", "probe", "verify"}
"""Those whose example starts the embedded service; test_docstrings runs them with all others."""


def test_the_names_for_type_checkers_are_those_at_run_time():
    tree = ast.parse(Path(qaw.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body for alias in node.names}
    assert seen == set(NAMES) == set(qaw._MODULE_OF)


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_public_name_runs_by_public_names_alone(name):
    doc = inspect.getdoc(getattr(qaw, name))
    assert doc and not doc.startswith(f"{name}("), f"{name} has no docstring"
    for_users = {"np": np, "qaw": qaw, **{known: getattr(qaw, known) for known in NAMES}}
    example = doctest.DocTestParser().get_doctest(doc, for_users, name, None, None)
    assert example.examples, f"{name} shows no example"
    if name not in SERVED:
        said: list[str] = []
        runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
        assert not runner.run(example, out=said.append).failed, "".join(said)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'transcibe'; did you mean 'transcribe'?"):
        qaw.transcibe
