"""``qwen-asr-widgets probe``: the plan first, nothing sent without a yes, a report that can be passed on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.probed import answered

import qwen_asr_widgets as qaw
from qwen_asr_widgets import cli
from qwen_asr_widgets.client.probe import kept, probe as probing
from qwen_asr_widgets.client.probe.outcome import Outcome


@pytest.fixture
def quirks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the service does otherwise than reported; it stands in for any endpoint."""
    found: dict[str, Any] = {}

    def pretend(endpoint: qaw.Endpoint, experiment: Any, pace: float | None) -> Outcome:
        return answered(experiment, found, pace)

    monkeypatch.setattr(probing, "observe", pretend)
    monkeypatch.setattr(kept, "probes_folder", lambda: tmp_path / "probes")
    return found


def test_without_a_yes_and_without_a_terminal_nothing_is_sent(
    quirks: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["probe", "--endpoint", "beijing"]) == 2
    printed = capsys.readouterr()
    assert "A probe of DashScope beijing" in printed.out and "CNY/s" in printed.out
    assert "--yes" in printed.err and len(printed.err.splitlines()) == 1


def test_with_a_yes_it_tells_each_fact_writes_the_report_and_keeps_it(
    quirks: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quirks["usage"] = False
    out = tmp_path / "beijing.json"
    assert cli.main(["probe", "--endpoint", "beijing", "--yes", "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert "usage: differs" in printed.out and "update_midway: agrees" in printed.out
    assert "1/8 update midway" in printed.err and f"Wrote {out}" in printed.err
    assert json.loads(out.read_text())["service"] == "dashscope.aliyuncs.com"
    assert qaw.dashscope("beijing").facts.grade("update_midway") == "measured"


def test_one_fact_alone_is_asked_for_and_what_is_found_need_not_be_kept(
    quirks: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["probe", "--endpoint", "singapore", "--yes", "--forget", "--fact", "idle_close_s"]
    assert cli.main(arguments) == 0
    assert "1 session\n" in capsys.readouterr().out
    assert qaw.dashscope("singapore").facts.grade("idle_close_s") == "omni"


def test_a_report_that_somebody_sent_is_used_from_then_on(
    quirks: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sent.json"
    cli.main(["probe", "--endpoint", "beijing", "--yes", "--forget", "--out", str(out)])
    assert qaw.dashscope("beijing").facts.grade("update_midway") == "two clients"
    assert cli.main(["probe", "--use", str(out)]) == 0
    assert "Kept in" in capsys.readouterr().err
    assert qaw.dashscope("beijing").facts.grade("update_midway") == "measured"


@pytest.mark.parametrize("arguments, said", [
    (["--fact", "usge"], "did you mean 'usage'"), (["--minutes", "0"], "minutes is 0"),
    (["--use", __file__], "test_cli_probe.py cannot be read as a report of a probe: "),
    (["--use", "no-such-file.json"], "no-such-file.json cannot be read as a report of a probe: No such"),
    (["--out", "a.srt"], ".json"),
])
def test_wrong_input_is_one_sentence(
    arguments: list[str], said: str, quirks: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["probe", "--endpoint", "beijing", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1
