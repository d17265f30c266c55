"""A disk that takes no more: every writer says so in one sentence and leaves what stood there as it was."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from qwen_asr_widgets.errors import FolderNotFound, WriteFailed
from qwen_asr_widgets.writing import write_atomically, write_text

WRITERS = """
import json, resource, sys
sys.dont_write_bytecode = True  # it would be cut off, too
from pathlib import Path
from support.recordings import three_turns
import qwen_asr_widgets as qaw
from qwen_asr_widgets.cli.sweep import _write
from qwen_asr_widgets.plots.picture import save_picture

folder = Path(sys.argv[1])
recording, clip = three_turns(), qaw.sample("noisy").clip
labels = qaw.Labels([qaw.ReferenceTurn(k, k + 0.5, "good morning " * 3) for k in range(9)], [(0.0, 20.0)])
noisy = qaw.sample("noisy")
found = qaw.sweep(noisy, thresholds=[0.2, 0.3], silences_ms=[400, 800], reference=noisy)
jobs = {f"export.{ending}": recording.export for ending in ("srt", "vtt", "json", "wav", "qasr", "png")}
jobs.update({f"clip.{ending}": clip.save for ending in ("wav", "flac", "ogg", "mp3")})
jobs.update({f"labels.{ending}": lambda path: qaw.save_labels(labels, path)
             for ending in ("rttm", "TextGrid", "txt", "csv", "srt")})
jobs.update({f"sweep.{ending}": lambda path: _write(found, None, path) for ending in ("csv", "png")})
jobs["picture.svg"] = lambda path: save_picture(recording, path)
for name in jobs:
    (folder / name).write_text("what stood here")
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
said = {}
for name, job in jobs.items():
    try:
        job(folder / name)
        said[name] = "written"
    except qaw.QawError as error:
        said[name] = str(error)
print(json.dumps(said))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_writer_that_finds_no_room_says_so_and_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    """The system refuses every file over 100 bytes, to each writer of the package in a process of its own."""
    tests = str(Path(__file__).parents[1])
    run = subprocess.run(
        [sys.executable, "-c", WRITERS, str(tmp_path)], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": tests},
    )
    said = json.loads(run.stdout)
    assert len(said) == 18
    for name, sentence in said.items():
        assert "File too large" in sentence and name in sentence and "\n" not in sentence, (name, sentence)
        assert (tmp_path / name).read_text() == "what stood here"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(said)
    assert "Traceback" not in run.stderr


def test_a_file_keeps_its_permissions_and_a_new_one_has_those_of_the_umask(tmp_path: Path) -> None:
    private, new = tmp_path / "private.txt", tmp_path / "new.txt"
    private.touch(0o600)
    mask = os.umask(0o027)
    try:
        for path in (private, new):
            write_text(path, "so it was")
    finally:
        os.umask(mask)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (private, new)] == [0o600, 0o640]


@pytest.mark.parametrize(("name", "kind", "said"), [
    ("missing/a.txt", FolderNotFound, "its folder does not exist"),
    ("", WriteFailed, "This is a folder"),
    ("nul\0.txt", WriteFailed, "null"),
    ("circle", WriteFailed, "circle"),
    ("x" * 300, WriteFailed, "too long"),
])
def test_a_path_that_cannot_be_is_one_error_of_ours(tmp_path: Path, name: str, kind: type, said: str) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(kind, match=said):
        write_atomically(tmp_path / name, lambda file: file.write(b"so"))
    assert [entry.name for entry in tmp_path.iterdir()] == ["circle"]
