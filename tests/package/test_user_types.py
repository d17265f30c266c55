"""A type checker at its strictest accepts a user's script: every public name is exported and typed."""

from __future__ import annotations

from support.typed import mypy_says


def test_a_users_script_passes_the_strictest_check() -> None:
    assert mypy_says()["uses"] == ""


def test_the_example_of_every_public_name_passes_it() -> None:
    assert mypy_says()["names"] == ""


def test_the_python_of_every_document_passes_it() -> None:
    assert mypy_says()["pages"] == ""


def test_a_wrong_type_in_a_users_script_is_found() -> None:
    assert 'incompatible type "str"; expected "float"' in mypy_says()["mistaken"]
