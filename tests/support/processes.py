"""Processes as /proc shows them."""

from __future__ import annotations

from pathlib import Path


def children(pid: int) -> list[int]:
    """Return the processes that have this one as their parent and are no zombies."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def descendants(pid: int) -> list[int]:
    """Return the children of a process, their children, and so on."""
    below = children(pid)
    return below + [each for child in below for each in descendants(child)]


def is_running(pid: int) -> bool:
    """Return whether a process is there and no zombie."""
    return exists(pid) and state(pid) != "Z"


def exists(pid: int) -> bool:
    """Return whether a process is there, be it a zombie."""
    return state(pid) != ""


def state(pid: int) -> str:
    """Return the state of a process as one letter; empty where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
