"""Every error of ours travels between processes, with what it says and carries."""

from __future__ import annotations

import concurrent.futures
import inspect
import multiprocessing
import pickle
from typing import Any

import pytest
from support.recordings import three_turns

from qwen_asr_widgets import errors

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "SettingError": ("it is 2", "turn_detection.threshold", 2.0, (-1.0, 1.0)),
    "WriteFailed": (28, "No space left on device", "talk.qasr"),
    "FolderNotFound": ("missing/talk.qasr",),
    "WorkerLost": ("lost", {"clips": 2}),
    "ConnectFailed": ("refused", 401),
    "ServiceError": ("refused", "invalid_value", "session", three_turns()),
    "ServiceClosed": ("closed", three_turns()),
    "SessionLost": ("silent", three_turns()),
    "ProtocolError": ("no event", "invalid_event", "type"),
}
KINDS = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.QawError)
]


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Return attributes with the words of a recording in its place, which compares by identity."""
    return {name: getattr(value, "text", value) for name, value in values.items()}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_comes_out_of_a_pickle_as_it_went_in(kind: type[errors.QawError]) -> None:
    error = kind(*ARGUMENTS.get(kind.__name__, ("what was wrong",)))
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind and str(back) == str(error) and plain(vars(back)) == plain(vars(error))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_can_be_made_anew_by_what_copies_objects_without_calling_them(kind: type[Any]) -> None:
    assert isinstance(kind.__new__(kind), kind)


def close() -> None:
    raise errors.ServiceClosed("the service closed", three_turns())


def test_an_error_with_its_recording_comes_out_of_a_process_pool() -> None:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        with pytest.raises(errors.ServiceClosed, match="the service closed") as raised:
            pool.submit(close).result()
    assert raised.value.recording.text == three_turns().text
