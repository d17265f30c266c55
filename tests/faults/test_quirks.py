"""Lines that break before the stand-in for DashScope, which does as its clients report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.placed_words import register
from faults.runs import (
    AMOUNTS, LONG, Heard, KilledService, check_nothing_lost, conversation, heard, nothing_left, plan,
    transcribed,
)

from qwen_asr_widgets.protocol.quirks import Quirks

pytestmark = pytest.mark.service

SOON = {"finish_delay_s": 0.1}
"""All quirks, but that the session's end is not waited for ten seconds."""

QUICK = 3
ALL = 30


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KilledService]:
    folder: Path = tmp_path_factory.mktemp("service")
    with pytest.MonkeyPatch.context() as environment:
        register(folder, environment)
        running = KilledService(folder, conversation(), Quirks.of("dashscope", SOON))
        yield running
        running.stop()


@pytest.fixture(scope="module")
def clean(service: KilledService) -> Heard:
    return heard(transcribed(service, [])[0])


def test_the_stand_in_hears_every_word(service: KilledService, clean: Heard) -> None:
    assert " ".join(text for _, _, text in clean).split() == service.sound.said


@pytest.mark.parametrize(
    "seed", [*range(QUICK), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(QUICK, ALL))]
)
def test_two_faults_a_run_lose_no_word_there(service: KilledService, clean: Heard, seed: int) -> None:
    faults = plan(1_000 + seed, AMOUNTS if seed < QUICK else LONG)
    with nothing_left():
        recording, proxy = transcribed(service, faults, seed)
    assert proxy.happened == faults
    check_nothing_lost(recording, service.sound, clean)
