"""The transcriber's copies on disk: there until a recording is saved, and offered by the next transcriber."""

from __future__ import annotations

import os
import shutil
import stat
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.recordings import three_turns
from support.transcribing import SECONDS, MicrophonePage, ask, of_kind, spoken, state
from support.waiting import wait_until

import qwen_asr_widgets as qaw
from qwen_asr_widgets.audio.resample import resample
from qwen_asr_widgets.errors import SettingError
from qwen_asr_widgets.recording.autosave import Autosave, left_overs
from qwen_asr_widgets.widgets.transcriber.kept import KeptOnDisk

pytestmark = pytest.mark.service


@pytest.fixture
def folder(kept_beside_no_notebook: Path) -> Path:
    return kept_beside_no_notebook


def record(widget: Any, seconds: float = 1.0) -> Any:
    """Record so long in a page, and return the recording when all is answered."""
    page = MicrophonePage(widget).start()
    page.speak(spoken(seconds))
    page.stop()
    wait_until(lambda: widget.recording is not None)
    return widget.wait(SECONDS)


def on_disk(folder: Path) -> int:
    return len(list(folder.iterdir())) if folder.exists() else 0


def let_go(widget: Any) -> None:
    """End as a kernel does."""
    for copy in widget.model.kept._copies:
        copy.stop()


def leave(folder: Path, count: int = 1) -> None:
    """Leave recordings as kernels do that were killed."""
    for _ in range(count):
        with Autosave(three_turns(), folder):
            pass


def test_what_a_page_records_is_on_disk_for_its_owner_alone_and_views_say_where(made, folder) -> None:
    t = made()
    page = MicrophonePage(t).start()
    page.speak(spoken(1.0))
    wait_until(lambda: t.recording is not None and t.recording.duration > 0.9)
    [place] = folder.iterdir()
    wait_until(lambda: (place / "audio.pcm").stat().st_size >= 0.9 * 32_000)
    assert state(t)["kept"] == {"where": str(folder), "problem": "", "until": 0.0}
    if os.name == "posix":
        assert {stat.S_IMODE(one.stat().st_mode) for one in (folder, place)} == {0o700}
        assert {stat.S_IMODE(one.stat().st_mode) for one in place.iterdir()} == {0o600}
    page.stop()
    t.wait(SECONDS)
    assert made().model.kept.left == ()  # the kernel that holds it still runs


def test_the_copy_goes_when_the_recording_is_saved(made, folder, tmp_path) -> None:
    t = made()
    record(t).export(tmp_path / "talk.srt")
    assert on_disk(folder) == 1
    t.recording.save(tmp_path / "talk.qasr")
    assert on_disk(folder) == 0 and state(t)["kept"] is None


def test_the_pages_menu_saves_it_once_the_page_has_the_file(made, folder) -> None:
    t = made()
    record(t)
    for ending, job in (("wav", "a"), ("qasr", "b")):
        ask(t, "save", format=ending, job=job)
        wait_until(lambda: job in [message["job"] for message in of_kind(t, "saved")])
        assert on_disk(folder) == 1
        ask(t, "stored", job=job)
        assert on_disk(folder) == (ending == "wav")
    ask(t, "stored", job="nobody's")


def test_the_copy_is_deleted_where_it_is_not_wanted_and_the_run_goes_on(made, folder) -> None:
    t = made()
    page = MicrophonePage(t).start()
    page.speak(spoken(0.5))
    wait_until(lambda: state(t)["kept"])
    ask(t, "unkeep")
    assert on_disk(folder) == 0 and state(t)["kept"] is None
    page.speak(spoken(0.5))
    page.stop()
    assert t.wait(SECONDS).duration == pytest.approx(1.0, abs=0.05) and on_disk(folder) == 0


@pytest.mark.parametrize("options", [{"autosave": False}, {"autosave": None}, {"save_outputs": False}])
def test_it_can_be_switched_off(made, folder, options) -> None:
    leave(folder)
    t = made(**options)
    record(t, 0.3)
    assert on_disk(folder) == 1 and state(t)["kept"] is None and state(t)["left"] == []


def test_a_notebook_that_is_to_keep_nothing_keeps_no_copy_either(made, folder) -> None:
    t = made()
    record(t, 0.3)
    t.save_outputs = False
    assert on_disk(folder) == 0 and state(t)["kept"] is None


def test_a_folder_of_ones_own_is_used_whatever_stays_in_the_notebook(made, folder, tmp_path) -> None:
    t = made(autosave=tmp_path / "mine", save_outputs=False)
    record(t, 0.3)
    assert on_disk(tmp_path / "mine") == 1 and on_disk(folder) == 0
    assert state(t)["kept"]["where"] == str(tmp_path / "mine")
    with pytest.raises(SettingError, match="autosave is 5; give True, False or a folder"):
        qaw.Transcriber(autosave=5)


def test_what_was_removed_to_make_room_is_offered_no_more(folder) -> None:
    leave(folder, 2)
    kept = KeptOnDisk(True)
    oldest, newest = sorted(folder.iterdir())
    shutil.rmtree(oldest)
    assert [one["id"] for one in kept.left_state()] == [newest.name]


def test_the_next_transcriber_offers_what_is_left_and_opens_it(made, folder, tmp_path) -> None:
    first = made()
    spoken_to = record(first)
    let_go(first)
    t = made()
    [left] = state(t)["left"]
    assert left["seconds"] == pytest.approx(spoken_to.duration, abs=0.06) and left["name"] == "Built-in"
    ask(t, "left-open", id=left["id"])
    assert (t.recording.tape.read() == spoken_to.tape.read()).all() and t.recording.text == spoken_to.text
    assert state(t)["left"] == [] and state(t)["kept"]["where"] == str(folder)
    assert state(made())["left"] == []  # it is at work here
    t.recording.save(tmp_path / "talk.qasr")
    assert on_disk(folder) == 0 and state(t)["kept"] is None


def test_what_a_page_kept_goes_on_with_the_recording_that_another_kernel_has_begun(made, folder) -> None:
    whole = spoken(6.0)
    first = made()
    page = MicrophonePage(first).start()
    page.speak(whole[: 30 * 4_800])
    wait_until(lambda: first.recording is not None and first.recording.duration > 2.9)
    wait_until(lambda: first.recording.utterances)
    let_go(first)  # and of the last chunks it has, it has not told the page
    t = made()
    assert len(state(t)["left"]) == 1
    again = MicrophonePage(t, "page")
    again.number, again.chunks = page.number, 27
    again.say("start", label="Built-in", settings={}, asked={}, first=27, at=27 * 4_800)
    again.speak(whole[27 * 4_800 :])
    again.stop()
    wait_until(lambda: len(t.recordings) == 2)
    recording = t.wait(SECONDS)
    assert recording.complete and recording.duration == pytest.approx(6.0, abs=1e-3)
    assert recording.lost == () and len(recording.connections) == 2
    apart = np.abs(recording.tape.read().astype(int) - resample(whole, 48_000, 16_000))
    seam = 27 * 1_600  # where two filters meet
    assert max(apart[: seam - 200].max(), apart[seam + 200 :].max()) <= 1 and apart.max() < 1_000
    assert state(t)["left"] == [] and on_disk(folder) == 1


def test_a_page_is_told_to_let_go_of_nothing_that_is_not_on_disk(made, folder, monkeypatch) -> None:
    disk, write = threading.Event(), Autosave._write_sound
    monkeypatch.setattr(Autosave, "_write_sound", lambda self, stop: disk.is_set() and write(self, stop))
    t = made()
    page, sound = MicrophonePage(t).start(), spoken(1.0)
    for seq in range(10):
        piece = sound[4_800 * seq : 4_800 * (seq + 1)].astype("<i2").tobytes()
        page.say("chunk", (piece,), seq=seq, peak=0.5, clipped=0, held=0)

    def told(kind: str, **more: Any) -> dict[str, Any]:
        page.say(kind, **more)
        return (of_kind(t, "heard") or [{}])[-1]

    wait_until(lambda: told("beat").get("chunks") == 10)
    assert told("beat")["safe"] == 0
    disk.set()
    wait_until(lambda: told("beat")["safe"] == 9)  # of the tenth the filter still holds something back
    wait_until(lambda: told("stop", chunks=10, reason="stopped", held=0)["over"])
    assert of_kind(t, "heard")[-1]["safe"] == 10 and t.wait(SECONDS).duration == pytest.approx(1.0)


def test_what_is_left_can_be_thrown_away_or_passed_over(made, folder) -> None:
    leave(folder, 2)
    t = made()
    newest, oldest = state(t)["left"]
    assert newest["id"] > oldest["id"] or newest["when"] >= oldest["when"]
    ask(t, "left-throw", id=newest["id"])
    assert on_disk(folder) == 1
    ask(t, "left-pass")
    assert state(t)["left"] == [] and on_disk(folder) == 1
    assert [one["id"] for one in state(made())["left"]] == [oldest["id"]]


def test_one_that_has_gone_meanwhile_is_said_in_a_notice(made, folder) -> None:
    leave(folder)
    t, other = made(), made()
    [left] = state(t)["left"]
    ask(other, "left-throw", id=left["id"])
    for _ in range(2):
        ask(t, "left-open", id=left["id"])
        assert state(t)["notice"]["code"] == "file" and state(t)["left"] == []
    assert t.recording is None


def test_the_next_transcriber_removes_what_is_older_than_seven_days(made, folder) -> None:
    leave(folder, 2)
    [old, _] = sorted(folder.iterdir())
    then = time.time() - 7.1 * 86_400
    for path in (*old.iterdir(), old):
        os.utime(path, (then, then))
    assert len(state(made())["left"]) == 1 and not old.exists()


def test_a_folder_that_cannot_be_is_said_once_and_the_run_goes_on_in_memory(made, folder) -> None:
    folder.write_text("no folder")
    t = made()
    recording = record(t, 0.5)
    assert recording.duration == pytest.approx(0.5, abs=0.05) and recording.complete
    assert [note for note in recording.notes if "on disk" in note or "to disk" in note] == [
        "Nothing is saved to disk (File exists); the run goes on in memory"
    ]
    assert state(t)["kept"] == {"where": str(folder), "problem": "File exists", "until": 0.0}
    ask(t, "unkeep")
    assert state(t)["kept"] is None


def test_when_the_kernel_ends_in_order_the_runs_of_a_file_leave_nothing(made, folder) -> None:
    given = made(qaw.sample("conversation"), pace=None)
    given.start()
    given.wait(SECONDS)
    heard = made()
    record(heard, 0.3)
    assert on_disk(folder) == 2
    for t in (given, heard):
        kept = KeptOnDisk(False)
        kept._copies.extend(t.model.kept._copies)
        del kept  # as at the end of the kernel
    [left] = left_overs(folder)
    assert left.info.capture["device"] == "Built-in"
