"""Many sounds in one go: each as if transcribed alone, nothing done twice, nothing lost by a failure."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from html.parser import HTMLParser
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy as np
import pytest
import soundfile
from support.processes import descendants, is_running
from support.turn_models import Dice
from support.waiting import wait_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets import (
    AudioClip, AudioError, Batch, EndOfTurn, Policy, SessionConfig, SettingError, TurnDetection, embedded,
    transcribe, transcribe_all,
)
from qwen_asr_widgets.errors import WriteFailed
from qwen_asr_widgets.recording.autosave.folder_lock import FolderLock
from qwen_asr_widgets.recording.batch.jobs import make_jobs
from qwen_asr_widgets.recording.batch.transcribe_all import agree_price
from qwen_asr_widgets.recording.batch.workers import Workers

pytestmark = pytest.mark.service

FAST = SessionConfig(turn_detection=TurnDetection(0.0, 400))
SCRIPT = embedded("script")


@pytest.fixture(scope="module")
def talk() -> AudioClip:
    return qaw.sample("conversation").clip[:9.5]


@pytest.fixture
def folder(tmp_path: Path, talk: AudioClip) -> Path:
    """Return a folder with two sounds of different length in it, and what is no sound."""
    sounds = tmp_path / "sounds"
    (sounds / "second").mkdir(parents=True)
    talk.save(sounds / "first.wav")
    talk[:4.5].save(sounds / "second" / "part.flac")
    (sounds / "notes.txt").write_text("no sound")
    (sounds / ".hidden.wav").write_bytes(b"")
    return sounds


def batch_of(files: Any, *args: Any, **options: Any) -> Batch:
    return transcribe_all(files, *(args or (SCRIPT,)), progress=False, **options)


# ---- what comes of it

def test_each_sound_gives_what_it_gives_alone(folder: Path, tmp_path: Path) -> None:
    batch = batch_of(folder, SCRIPT, {"fast": FAST, "slow": SessionConfig()}, out=tmp_path / "out")
    places = [(row["name"], row["settings"]) for row in batch]
    assert places == [
        ("first", "fast"), ("first", "slow"), ("second/part", "fast"), ("second/part", "slow")
    ]
    for name, settings in places:
        path = next(folder.rglob(f"{Path(name).name}.*"))
        alone = transcribe(path, SCRIPT, FAST if settings == "fast" else None, pace=None, progress=False)
        kept = batch.recording(name, settings)
        assert kept.text == alone.text and kept.turns == alone.turns and kept.complete
        assert np.array_equal(kept.tape.read(), alone.tape.read())
        rows = [row for row in batch.utterances if (row["name"], row["settings"]) == (name, settings)]
        assert [row["text"] for row in rows] == alone.text.split("\n")
    assert (tmp_path / "out" / "fast" / "second" / "part.qasr").is_file()


def test_a_model_ends_turns_as_in_each_sound_alone_and_another_policy_is_done_anew(
    folder: Path, tmp_path: Path
) -> None:
    def batch(policy: Policy) -> Batch:
        by_model = {"turn_taking": "client", "end_of_turn": EndOfTurn(Dice(), policy=policy)}
        return batch_of(folder / "first.wav", SCRIPT, FAST, out=tmp_path / "out", **by_model)

    model = EndOfTurn(Dice(), policy=Policy(0.1, 0.2, 1.0))
    alone = transcribe(
        folder / "first.wav", SCRIPT, FAST, pace=None, progress=False, turn_taking="client", end_of_turn=model
    )
    [row] = first = batch(model.policy)
    kept = first.recording("first")
    assert kept.turns == alone.turns and kept.text == alone.text and len(kept.turns) > 1
    assert kept.info.end_of_turn == str(model) and row["silence_ms"] == 1_000
    before = (tmp_path / "out" / "first.qasr").stat().st_mtime_ns
    assert batch(model.policy).rows == first.rows
    assert (tmp_path / "out" / "first.qasr").stat().st_mtime_ns == before
    other = Policy(0.9, 0.2, 1.0)
    assert "threshold 0.9" in batch(other).recording("first").info.end_of_turn


def test_a_model_without_turns_by_the_client_is_refused_before_anything_is_sent(folder: Path) -> None:
    with pytest.raises(SettingError, match="give turn_taking='client' as well"):
        batch_of(folder, "ws://127.0.0.1:9", end_of_turn=EndOfTurn(Dice()))


def test_the_tables_hold_every_row_and_pandas_reads_them(folder: Path, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    batch = batch_of(folder, out=tmp_path / "out")
    read = pandas.read_csv(tmp_path / "out" / "recordings.csv")
    assert list(read["name"]) == ["first", "second/part"] and list(read["utterances"]) == [2, 1]
    assert read["waits"].sum() == 0 and read["wait"].isna().all()  # not sent in real time
    utterances = pandas.read_csv(tmp_path / "out" / "utterances.csv")
    assert list(utterances["text"]) == list(batch.utterance_frame()["text"]) and len(utterances) == 3
    words = [len(batch.recording(name).text.split()) for name in read["name"]]
    assert list(batch.to_frame()["words"]) == words


def test_error_rates_are_those_of_compare(talk: AudioClip) -> None:
    said = "good morning can you show me how this works"
    rows = [{"path": talk, "text": said, "name": "greeting"}]
    [row] = batch_of(rows, SCRIPT, FAST)
    alone = transcribe(talk, SCRIPT, FAST, pace=None, progress=False)
    judged = qaw.compare(alone, alone, reference=said).runs[0]
    assert row["name"] == "greeting" and row["metric"] == "WER" and row["reference_words"] == 9
    assert row["error_rate"] == judged.error_rate
    pandas = pytest.importorskip("pandas")
    assert batch_of(pandas.DataFrame(rows), SCRIPT, FAST).rows == [row]
    heard = {"audio": {"array": talk.samples, "sampling_rate": talk.sample_rate}, "text": said}
    assert batch_of([heard], SCRIPT, FAST).rows[0]["error_rate"] == row["error_rate"]


def test_what_fails_is_listed_with_its_cause_and_stops_nothing(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.wav").write_bytes(b"RIFF no wave")
    batch = batch_of([folder / "broken.wav", folder / "first.wav", tmp_path / "gone.wav"])
    assert [bool(row["error"]) for row in batch] == [True, False, True]
    assert batch.failures["gone"].startswith("AudioFileNotFound: There is no file")
    assert batch.failures["broken"].startswith("AudioError: ")
    assert repr(batch) == "Batch(1 of 3 done, 2 utterances, 2 failed)"
    with pytest.raises(SettingError, match="no recording 'gone'"):
        batch.recording("gone")


def test_a_service_that_fails_leaves_what_came_until_then(talk: AudioClip, tmp_path: Path) -> None:
    refused = qaw.Endpoint("ws://127.0.0.1:9/realtime", name="nobody")
    batch = batch_of([talk], refused, out=tmp_path / "out", retry=qaw.Retry(patience=0))
    [cause] = batch.failures.values()
    assert cause.startswith("ConnectFailed: ")
    assert not (tmp_path / "out" / "conversation.qasr").exists()


# ---- once is enough

def journal(out: Path) -> list[str]:
    lines = (out / "batch.jsonl").read_text().splitlines()
    return [json.loads(line)["name"] for line in lines if line]


def test_what_is_done_is_not_done_again_unless_sound_or_settings_changed(
    folder: Path, tmp_path: Path, talk: AudioClip
) -> None:
    out = tmp_path / "out"
    first = batch_of([folder / "first.wav", tmp_path / "late.wav"], out=out)
    talk[:3].save(tmp_path / "late.wav")
    second = batch_of([folder / "first.wav", tmp_path / "late.wav"], out=out)
    assert journal(out) == ["first", "late", "late"] and not second.failures and first.failures
    assert batch_of([folder / "first.wav"], SCRIPT, FAST, out=out).rows[0]["silence_ms"] == 400
    assert journal(out)[3:] == ["first"]
    talk[:5].save(folder / "first.wav")
    assert batch_of([folder / "first.wav"], SCRIPT, FAST, out=out).rows[0]["duration"] == 5.0
    batch_of([folder / "first.wav"], SCRIPT, FAST, out=out)
    assert journal(out)[4:] == ["first"]
    (out / "first.qasr").unlink()
    batch_of([folder / "first.wav"], SCRIPT, FAST, out=out)
    batch_of([folder / "first.wav"], SCRIPT, FAST, out=out, resume=False)
    assert journal(out)[5:] == ["first", "first"]


def test_a_service_with_other_quirks_is_another_service(talk: AudioClip, tmp_path: Path) -> None:
    for delay in (0.0, 0.1):
        quirks = {"finish_delay_s": delay}
        with embedded("script", behaviour="dashscope", quirks=quirks) as endpoint:
            assert not batch_of([talk[:2]], endpoint, out=tmp_path / "out").failures
    assert len(journal(tmp_path / "out")) == 2


def test_a_line_that_a_kill_has_cut_harms_no_other(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    batch_of([folder / "first.wav"], out=out)
    with open(out / "batch.jsonl", "a") as file:
        file.write('\n{"name": "second/part", "row": {"err')
    batch = batch_of(folder, out=out)
    assert not batch.failures and [row["name"] for row in batch] == ["first", "second/part"]
    assert len(journal_that_reads(out)) == 2


def journal_that_reads(out: Path) -> list[dict[str, Any]]:
    found = []
    for line in (out / "batch.jsonl").read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def saved(folder: Path, name: str, samples: np.ndarray) -> Path:
    """Return a sound whose file has the time of all others that are made like this."""
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    AudioClip(samples, 16_000).save(path)
    os.utime(path, (1, 1))
    return path


def test_another_reference_is_compared_and_nothing_sent(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, sound, said = tmp_path / "out", folder / "first.wav", "good morning can you show me how this works"
    batch_of([sound], out=out)
    expected = batch_of([{"path": sound, "text": said}]).rows
    monkeypatch.setattr(Workers, "_submit", None)  # nobody is given anything to do
    assert batch_of([sound], out=out, reference=[said]).rows == expected
    assert batch_of([sound], out=out, reference=[said]).rows == expected
    assert done(out) == 2 and batch_of([sound], out=out).rows[0]["error_rate"] is None
    (out / "first.qasr").write_bytes(b"broken")
    assert batch_of([sound], out=out, reference=[said]).failures["first"].startswith("BundleError: ")
    monkeypatch.undo()
    assert batch_of([sound], out=out, reference=[said]).rows == expected


def test_another_sound_of_the_same_name_length_and_time_is_another_sound(tmp_path: Path) -> None:
    low, high = (0.3 * np.sin(np.arange(16_000) * step) for step in (0.1, 0.2))
    first, second = saved(tmp_path, "a/1.wav", low), saved(tmp_path, "b/1.wav", high)
    batch_of([first], out=tmp_path / "out")
    batch = batch_of([second], out=tmp_path / "out")
    assert np.array_equal(batch.recording("1").tape.read(), AudioClip.load(second).to_pcm16())
    assert journal(tmp_path / "out") == ["1", "1"]


def test_a_result_with_other_settings_is_no_row_of_this_batch(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    batch_of(folder, out=out)
    monkeypatch.setattr(Workers, "outcomes", interrupted)
    batch = batch_of(folder, SCRIPT, FAST, out=out)
    assert repr(batch) == "Batch(0 of 2 done, 0 utterances, interrupted)" and batch.rows == []
    assert len(batch) == len(list(batch)) == 0
    with pytest.raises(SettingError, match="no recording 'first'"):
        batch.recording("first")


def interrupted(*_: Any) -> Iterator[Any]:
    raise KeyboardInterrupt


def test_a_run_that_fails_leaves_the_complete_bundle_of_an_earlier_one(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, sound = tmp_path / "out", folder / "first.wav"
    whole = batch_of([sound], out=out).recording("first").text
    told = iter([False] * 20 + [True] * 1_000)
    monkeypatch.setattr("threading.Event.is_set", lambda self: next(told))
    batch = batch_of([sound], out=out, resume=False)
    monkeypatch.undo()
    assert batch.failures and not batch.recording("first").complete
    assert qaw.load_recording(out / "first.qasr").text == whole
    assert not batch_of([sound], out=out).failures and not list(out.glob("*.incomplete.qasr"))


def test_one_batch_at_a_time_writes_into_a_folder(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    holder = FolderLock(made(out))
    with pytest.raises(SettingError, match="Another batch is writing into"):
        batch_of([folder / "first.wav"], out=out)
    holder.release()
    assert not batch_of([folder / "first.wav"], out=out).failures
    assert not (out / "writing").exists()


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_folder_that_cannot_be_made_is_said_before_anything_is_sent(
    talk: AudioClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Workers, "outcomes", interrupted)
    with pytest.raises(WriteFailed, match="Not a directory"):
        batch_of([talk], out=Path(__file__) / "out")


# ---- a journal that somebody else wrote

def altered(change: dict[str, Any], row: dict[str, Any], heard: Any) -> Callable[[dict[str, Any]], str]:
    def alter(line: dict[str, Any]) -> str:
        utterances = line["utterances"] if heard is None else heard
        return json.dumps({**line, "utterances": utterances, **change, "row": {**line["row"], **row}})

    return alter


@pytest.mark.parametrize("hostile", [
    altered({}, {"words": "many"}, None),
    altered({}, {"utterances": None}, None),
    altered({}, {"duration": float("nan")}, None),
    altered({}, {"duration": 10**400}, None),
    altered({}, {"engine": {"a": 1}}, None),
    altered({}, {"error": 0}, None),
    altered({}, {"error_rate": 0.5, "reference_words": None}, None),
    altered({}, {}, ["x"]),
    altered({}, {}, [{"start": 0, "end": None, "text": "x", "status": "final"}]),
    altered({}, {}, [{"start": 0, "end": 1, "text": ["x"], "status": "final"}]),
    altered({"key": 7}, {}, None),
    lambda line: "[" * 100_000,
    lambda line: json.dumps({"row": {}}),
])
def test_a_line_of_another_shape_is_as_if_it_were_not_there(
    hostile: Callable[[dict[str, Any]], str], talk: AudioClip, tmp_path: Path
) -> None:
    out, talk = tmp_path / "out", talk[:2]
    right = batch_of([talk], out=out).rows
    [line] = journal_that_reads(out)
    (out / "batch.jsonl").write_text(hostile(line) + "\n")
    batch = batch_of([talk], out=out)
    assert batch.rows == right and done(out) == 2  # done again


def test_what_a_journal_says_of_names_and_bundles_leads_nowhere_else(
    talk: AudioClip, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    batch_of([talk[:2]], out=out)
    qaw.Recording().save(tmp_path / "other.qasr")
    [line] = journal_that_reads(out)
    alter = altered({"bundle": "../other.qasr"}, {"name": "../other", "settings": "x"}, None)
    (out / "batch.jsonl").write_text(alter(line))
    batch = batch_of([talk[:2]], out=out)
    assert journal_that_reads(out) == [json.loads(alter(line))]  # it was not done again
    assert batch.recording("conversation").duration == 2.0
    assert (batch.rows[0]["name"], batch.rows[0]["settings"]) == ("conversation", "")


def test_a_journal_that_is_no_file_says_so(talk: AudioClip, tmp_path: Path) -> None:
    made(made(tmp_path / "out") / "batch.jsonl")
    with pytest.raises(SettingError, match="cannot be read"):
        batch_of([talk], out=tmp_path / "out")


# ---- workers

def test_several_workers_of_our_own_give_the_same_and_leave_no_process(
    folder: Path, tmp_path: Path
) -> None:
    alone = batch_of(folder)
    before = workers_and_services()
    together = batch_of(folder, jobs=2, out=tmp_path / "out")
    assert [row["words"] for row in together] == [row["words"] for row in alone]
    assert [row["text"] for row in together.utterances] == [row["text"] for row in alone.utterances]
    wait_until(lambda: workers_and_services() <= before)


def workers_and_services() -> set[int]:
    """Return the processes below this one, but for multiprocessing's own watcher, which stays."""
    found = set()
    for pid in descendants(os.getpid()):
        with suppress(OSError):
            if b"resource_tracker" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(pid)
    return found


@pytest.fixture(params=["threads", "processes", "dask"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    if request.param == "threads":
        with ThreadPoolExecutor(2) as pool:
            yield pool
    elif request.param == "processes":
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            yield pool
    else:
        distributed = pytest.importorskip("distributed")
        with distributed.Client(n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
            yield client.get_executor()


def test_any_executor_gives_the_same(executor: Executor, folder: Path, tmp_path: Path) -> None:
    batch = batch_of(folder, executor=executor, out=tmp_path / "out")
    assert not batch.failures and [row["utterances"] for row in batch] == [2, 1]
    assert len(qaw.load_recording(tmp_path / "out" / "first.qasr").utterances) == 2


class Deadly(AudioClip):
    """A sound that ends the process into which it is unpickled, unless that one made it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _die_elsewhere, (os.getpid(),)


def _die_elsewhere(home: int) -> AudioClip:
    if os.getpid() != home:
        os._exit(9)
    return AudioClip(np.zeros(1_600, np.float32), 16_000)


def test_a_sound_that_kills_its_process_is_the_only_one_that_is_lost(talk: AudioClip) -> None:
    deadly = Deadly(np.zeros(1_600, np.float32), 16_000)
    batch = batch_of([talk[:3], deadly, talk[:4]], jobs=2)
    assert [row["error"] for row in batch][0] == "" == [row["error"] for row in batch][2]
    assert "its worker process died" in batch.rows[1]["error"]


def test_an_executor_that_breaks_keeps_what_was_done(talk: AudioClip) -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(qaw.WorkerLost, match="what was finished is kept") as raised:
        batch_of([talk], executor=pool)
    assert isinstance(raised.value.result, Batch) and not raised.value.result.rows


def test_an_executor_whose_jobs_are_cancelled_keeps_what_was_done(
    talk: AudioClip, tmp_path: Path
) -> None:
    with pytest.raises(qaw.WorkerLost, match="CancelledError") as raised:
        batch_of([talk[:2], talk[:3]], executor=OneThenCancelled(), out=tmp_path / "out")
    assert [row["duration"] for row in raised.value.result] == [2.0]
    assert (tmp_path / "out" / "recordings.csv").is_file()


class OneThenCancelled(Executor):
    """Does its first job and cancels the others, as a cluster that is taken down does."""

    def __init__(self) -> None:
        self._jobs = 0

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self._jobs += 1
        if self._jobs > 1:
            future.cancel()
        else:
            future.set_result(function(*args, **options))
        return future


# ---- ends before the end

BATCH = """
import sys
import qwen_asr_widgets as qaw
if __name__ == "__main__":
    endpoint = qaw.embedded("script")
    batch = qaw.transcribe_all(sys.argv[1], endpoint, out=sys.argv[2], pace=20.0, jobs=int(sys.argv[3]),
                               progress=False)
    print(repr(batch))
    sys.exit(130 if batch.interrupted else 0)
"""


@pytest.fixture
def many(tmp_path: Path, talk: AudioClip) -> Path:
    """Return a folder with six sounds of 9.5 s."""
    sounds = tmp_path / "many"
    sounds.mkdir()
    for number in range(6):
        talk.save(sounds / f"{number}.wav")
    return sounds


def started(sounds: Path, out: Path, tmp_path: Path, jobs: int = 1) -> subprocess.Popen[str]:
    script = tmp_path / "batch.py"
    script.write_text(BATCH)
    return subprocess.Popen(
        [sys.executable, str(script), str(sounds), str(out), str(jobs)], text=True, stdout=subprocess.PIPE,
    )


def done(out: Path) -> int:
    path = out / "batch.jsonl"
    return len([line for line in path.read_text().splitlines() if line]) if path.exists() else 0


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_kill_loses_what_was_under_way_and_the_next_call_does_the_rest(
    many: Path, tmp_path: Path, jobs: int
) -> None:
    out = tmp_path / "out"
    child = started(many, out, tmp_path, jobs)
    wait_until(lambda: done(out) >= 2, 60)
    below = descendants(child.pid)
    child.kill()
    child.communicate(timeout=30)
    wait_until(lambda: not any(map(is_running, below)), what="workers and services end with it")
    known = len(journal_that_reads(out))
    batch = batch_of(many, out=out, pace=20.0)
    assert not batch.failures and len(batch.rows) == 6
    assert len(journal_that_reads(out)) == 6 and known >= 2


@pytest.mark.soak
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_twenty_times_it_is_done_in_the_end_and_nothing_twice(many: Path, tmp_path: Path) -> None:
    out, random = tmp_path / "out", np.random.default_rng(7)
    for _ in range(20):
        child, before, progress = started(many, out, tmp_path, jobs=2), done(out), random.integers(9)
        wait_until(lambda: child.poll() is not None
                   or len(descendants(child.pid)) + done(out) - before >= progress, 60)
        child.kill()
        child.communicate(timeout=30)
        for path in out.rglob("*.qasr"):
            assert qaw.load_recording(path).duration == pytest.approx(9.5)
    batch = batch_of(many, out=out, pace=20.0)
    lines = [line["name"] for line in journal_that_reads(out)]
    assert not batch.failures and sorted(lines) == sorted(set(lines)) and len(lines) == 6


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to a child alone")
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_it_with_what_is_done_and_no_process_left(many: Path, tmp_path: Path, jobs: int) -> None:
    out = tmp_path / "out"
    child = started(many, out, tmp_path, jobs)
    wait_until(lambda: done(out) >= 1, 60)
    children = descendants(child.pid)
    child.send_signal(signal.SIGINT)
    printed = child.communicate(timeout=60)[0]
    assert child.returncode == 130 and "interrupted" in printed
    wait_until(lambda: not any(map(is_running, children)))
    rows = list(csv.DictReader((out / "recordings.csv").read_text("utf-8-sig").splitlines()))
    assert rows[0]["error"] == "" and any(row["error"] == "Interrupted" for row in rows)
    batch = batch_of(many, out=out, pace=20.0)
    assert not batch.failures and len(batch.rows) == 6
    assert not list(out.rglob("*.incomplete.qasr"))


# ---- the page

class _Page(HTMLParser):
    """Counts players and collects the words of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.players: list[str] = []
        self.words: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "audio":
            self.players.append(dict(attrs)["src"] or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_report_plays_the_worst_utterances_and_no_text_is_markup(talk: AudioClip, tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    batch = batch_of([{"audio": talk, "name": hostile}, {"audio": "gone.wav", "name": hostile}], SCRIPT,
                     {"fast": FAST, "slow": SessionConfig()})
    page = _Page()
    page.feed(batch.report(tmp_path / "report.html").read_text("utf-8"))
    assert len(page.players) == len(batch.utterances) and "img" not in page.tags
    assert all(source.startswith("data:audio/flac;base64,") for source in page.players)
    shown = "".join(page.words)
    assert "no waits are stated" in shown and "AudioFileNotFound" in shown and "slow" in shown


# ---- names, prices and bad input

@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_cell_that_is_missing_in_a_table_is_no_name_and_no_text(talk: AudioClip, missing: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"audio": [talk, talk], "name": ["said", missing], "text": ["Hello", missing]})
    assert [(job.name, job.text) for job in make_jobs(frame)] == [("said", "Hello"), ("conversation", None)]


@pytest.mark.parametrize("said", ["", "  ", "?!"])
def test_a_text_without_words_is_no_reference(talk: AudioClip, said: str) -> None:
    [row] = batch_of([{"audio": talk[:2], "text": said}])
    assert (row["error"], row["metric"], row["error_rate"], row["reference_words"]) == ("", None, None, None)


def test_a_recording_that_cannot_be_judged_is_kept_and_says_why(
    talk: AudioClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_jiwer(*_: Any) -> float:
        raise qaw.MissingDependency("no jiwer")

    monkeypatch.setattr("qwen_asr_widgets.recording.comparing.comparison.error_rate", no_jiwer)
    batch = batch_of([{"audio": talk[:2], "text": "hello"}, talk[:3]])
    assert list(batch.failures.values()) == ["MissingDependency: no jiwer"]
    assert batch.recording("conversation").complete and batch.rows[1]["error"] == ""


def test_a_sound_of_no_length_is_a_failure_of_its_own(talk: AudioClip, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "empty.wav", np.zeros(0, np.int16), 16_000)
    batch = batch_of([tmp_path / "empty.wav", talk[:2]])
    assert batch.failures == {"empty": "AudioError: empty.wav is empty: it holds no samples."}
    assert batch.rows[1]["duration"] == 2.0


def test_names_stay_inside_the_folder_and_are_the_same_for_no_two(talk: AudioClip, tmp_path: Path) -> None:
    names = [
        "../../etc/passwd", "a\\b", "A.", "a", "", "con:1", "x" * 300, "\u65e9" * 100, "lone \ud800",
        "NUL.txt", "caf\u00e9", "cafe\u0301",
    ]
    jobs = make_jobs([{"audio": talk, "name": name} for name in names])
    found = [job.name for job in jobs]
    assert len({normalize("NFC", name).casefold() for name in found}) == len(names)
    assert found[9] == "_NUL.txt"
    for name in found:
        path = (tmp_path / f"{name}.qasr").resolve()
        assert tmp_path in path.parents and ".." not in name.split("/")
        assert len(path.name.encode("utf-8")) < 130


def test_the_price_is_said_first_and_must_be_agreed_to(
    talk: AudioClip, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = make_jobs([talk] * 40)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(SettingError, match="pass yes=True"):
        agree_price(qaw.dashscope("beijing"), jobs, yes=False)
    said = capsys.readouterr().err
    assert said.startswith("40 runs, 6.3 min of sound to DashScope beijing: an estimated 0.13 CNY at 0.00033")
    agree_price(qaw.dashscope("beijing"), jobs, yes=True)
    agree_price(SCRIPT, jobs, yes=False)


@pytest.mark.parametrize("files, options, error, said", [
    ([], {}, AudioError, "no sound to transcribe"),
    (7, {}, AudioError, "7 is no sound, folder or list"),
    ([{"name": "x"}], {}, AudioError, "must stand in one of audio, path, file"),
    ([np.zeros(16)], {}, AudioError, "AudioClip.load\\(samples, sample_rate=16000\\) makes a clip"),
    (["a.wav"], {"jobs": 0}, SettingError, "jobs is 0; give a whole number from 1 to 64"),
    (["a.wav"], {"configs": []}, SettingError, "configs is empty"),
    (["a.wav"], {"configs": "fast"}, SettingError, "configs is 'fast'; give SessionConfigs"),
    (["a.wav"], {"configs": {"a/": FAST, "a_": FAST}}, SettingError, "same name as a folder"),
    (["a.wav"], {"reference": ["x", "y"]}, SettingError, "There are 1 sounds but 2 references"),
    (["a.wav"], {"pace": -1}, SettingError, "pace is -1"),
    (["a.wav"], {"chunk_ms": 5}, SettingError, "chunk_ms is 5; it must lie between 10 and 2000"),
    (["a.wav"], {"out": __file__}, SettingError, "which is a file; give a folder"),
    (["a.wav"], {"job": 2}, TypeError, "did you mean 'jobs'"),
])
def test_bad_input_is_one_sentence_before_anything_is_sent(
    files: Any, options: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        transcribe_all(files, SCRIPT, **options)


def test_a_folder_without_sound_says_so(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="There is no sound in "):
        transcribe_all(tmp_path, SCRIPT)
