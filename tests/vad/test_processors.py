"""Scores and turns are the same on every processor: within 2e-5, and to the frame.

A BLAS picks its kernels by the processor it finds. OpenBLAS, which numpy's wheels bring, can be told another
one, so the kernels of all older processors of the same family are tried here, each in a process of its own.
"""

import os
import platform
from pathlib import Path

import numpy as np
import pytest
from qwen_asr_widgets.vad.scoring.frames import SpeechScores
from qwen_asr_widgets.vad.scoring.silero import SCORE_TOLERANCE
from qwen_asr_widgets.vad.turns import TurnDetection, detect_turns
from support.scores import agree, reference_scores
from support.scores_under import CUTS, core_used, scores_under, sounds

CORES = {
    "Prescott": {"pni"},
    "Nehalem": {"sse4_2"},
    "Sandybridge": {"avx"},
    "Haswell": {"avx2", "fma"},
    "Zen": {"avx2", "fma"},
    "SkylakeX": {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"},
}
"""OpenBLAS's names of processors, oldest first, and what a processor must have to run their kernels."""

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(-18, 19))


def processor_flags() -> set[str]:
    """Return what the processor can do, as Linux names it; nothing where it does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return set(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())


def simd(kind: str) -> list[str]:
    """Return the instruction sets that numpy needs (``"baseline"``) or found and uses (``"found"``)."""
    return np.show_config(mode="dicts")["SIMD Extensions"].get(kind, [])


def why_not(core: str) -> str:
    """Return why the kernels of a core type cannot be tried here, empty where they can."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return "only Linux on x86-64 tells which kernels its processor can run"
    if core == "Prescott" and {"SSE42", "X86_V2"} & set(simd("baseline")):
        return f"numpy {np.__version__} itself runs on no processor without SSE4.2, as Prescott is"
    missing = CORES[core] - processor_flags()
    if missing:
        return f"this processor cannot run {core}: it has no {', '.join(sorted(missing))}"
    kept_to = os.environ.get("OPENBLAS_CORETYPE", "").capitalize().replace("Skylakex", "SkylakeX")
    names = list(CORES)
    if kept_to in names and names.index(core) > names.index(kept_to) and CORES[core] != CORES[kept_to]:
        return f"OPENBLAS_CORETYPE={kept_to} is set, perhaps because newer kernels fail on this machine"
    return ""


def turns(scores, threshold):
    return detect_turns(SpeechScores(scores), TurnDetection(threshold, 400))


@pytest.fixture(scope="module")
def reference():
    """The scores of each sound, and its turns at each threshold that no score comes too near."""
    found = {}
    for sound, pcm in sounds().items():
        scores = reference_scores(pcm)
        clear = [at for at in THRESHOLDS if (np.abs(scores - at) > SCORE_TOLERANCE).all()]
        assert len(clear) >= 0.9 * len(THRESHOLDS)
        found[sound] = scores, {at: turns(scores, at) for at in clear}
        assert len(set(map(tuple, found[sound][1].values()))) > 5
    return found


def assert_promise(rows, reference):
    """Hold every row beside the reference: scores within the tolerance, turns to the frame."""
    assert rows.keys() == {f"{sound}/{cut}" for sound in reference for cut in CUTS}
    for name, row in rows.items():
        sound, _, _ = name.partition("/")
        scores, expected = reference[sound]
        assert agree(row, scores), f"{name} is off by {np.abs(row - scores).max():.1e}"
        assert agree(row, rows[f"{sound}/whole"])
        assert {at: turns(row, at) for at in expected} == expected


@pytest.mark.parametrize("core", CORES)
def test_scores_agree_and_turns_are_the_same_under_the_kernels_of(core, reference, tmp_path):
    if reason := why_not(core):
        pytest.skip(reason)
    variables = {"OPENBLAS_CORETYPE": core.upper(), "OPENBLAS_VERBOSE": "2"}
    if (used := core_used(variables)) not in {name.lower() for name in CORES}:
        pytest.skip(f"the BLAS of numpy {np.__version__} has no kernels of that name, it took {used!r}")
    rows, _ = scores_under(variables, tmp_path / "rows.npz")
    assert_promise(rows, reference)


def test_scores_agree_where_numpy_uses_the_oldest_instructions_only(reference, tmp_path):
    """Its own loops (tanh, sqrt) are chosen by the processor too."""
    rows, _ = scores_under({"NPY_DISABLE_CPU_FEATURES": " ".join(simd("found"))}, tmp_path / "rows.npz")
    assert_promise(rows, reference)


def test_a_processor_that_cannot_run_a_kernel_is_told_from_one_that_can(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(f"{__name__}.processor_flags", lambda: {"pni", "sse4_2", "avx", "avx2", "fma"})
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert not why_not("Haswell") and "it has no avx512bw" in why_not("SkylakeX")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Sandybridge")
    assert not why_not("Sandybridge") and "OPENBLAS_CORETYPE=Sandybridge is set" in why_not("Haswell")
