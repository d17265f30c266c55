"""A line that breaks twice a run: every word is there once, at its place, and nothing is left behind."""

from __future__ import annotations

import numpy as np
import pytest
from faults.proxy import Fault
from faults.runs import (
    AMOUNTS, LONG, Heard, KilledService, check_nothing_lost, heard, nothing_left, plan, transcribed,
)

from qwen_asr_widgets.errors import ServiceClosed

pytestmark = pytest.mark.service

QUICK = 20
ALL = 200


@pytest.fixture(scope="module")
def clean(service: KilledService) -> Heard:
    recording, _ = transcribed(service, [])
    found = heard(recording)
    assert " ".join(text for _, _, text in found).split() == service.sound.said
    return found


@pytest.mark.parametrize("seed", range(QUICK))
def test_two_faults_a_run_lose_no_word_and_double_none(
    service: KilledService, clean: Heard, seed: int
) -> None:
    faults = plan(seed, AMOUNTS)
    with nothing_left():
        recording, proxy = transcribed(service, faults, seed)
    assert proxy.happened == faults
    check_nothing_lost(recording, service.sound, clean)


def test_a_service_that_is_killed_midway_loses_no_word(service: KilledService, clean: Heard) -> None:
    with nothing_left():
        recording, proxy = transcribed(service, [Fault("act", 200_000)])
    proxy.wait_for_faults()
    check_nothing_lost(recording, service.sound, clean)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(QUICK, ALL))
def test_two_faults_of_any_kind_lose_no_word_and_double_none(
    service: KilledService, clean: Heard, seed: int
) -> None:
    faults = plan(seed, LONG)
    with nothing_left():
        recording, proxy = transcribed(service, faults, seed)
    assert proxy.happened == faults
    check_nothing_lost(recording, service.sound, clean)


LATER = [pytest.param(code, marks=pytest.mark.soak) for code in (1003, 1007, 1009, 1010, 3000, 3003)]


@pytest.mark.parametrize("code", [1002, 1008, *LATER])
def test_a_close_that_the_next_connection_would_meet_again_is_told_at_once_and_all_is_kept(
    service: KilledService, clean: Heard, code: int
) -> None:
    faults = [Fault("close", 250_000, code)]
    with nothing_left(), pytest.raises(ServiceClosed, match=f"code {code}") as raised:
        transcribed(service, faults)
    recording = raised.value.recording
    found = heard(recording)
    assert found == clean[: len(found)] and len(found) < 2
    assert np.array_equal(recording.tape.read(), service.sound.samples) and not recording.complete
