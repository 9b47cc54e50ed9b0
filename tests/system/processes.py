"""The descendants of a process, and which of them still run. The start time distinguishes a reused pid."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    pid: int
    parent: int
    started: str


def family(pid: int) -> set[Process]:
    """The process and its present descendants."""
    everything = _all()
    found = {each for each in everything if each.pid == pid}
    while more := {each for each in everything if each.parent in {known.pid for known in found}} - found:
        found |= more
    return found


def still_there(processes: set[Process]) -> set[Process]:
    running = {(each.pid, each.started) for each in _all()}
    return {each for each in processes if (each.pid, each.started) in running}


def _all() -> set[Process]:
    if Path("/proc/self/stat").exists():
        return {process for entry in Path("/proc").glob("[0-9]*") if (process := _from_proc(entry))}
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat=,lstart="], capture_output=True, text=True, check=True)
    rows = (line.split(None, 3) for line in listed.stdout.splitlines())
    return {Process(int(pid), int(parent), started) for pid, parent, state, started in rows if state[0] != "Z"}


def _from_proc(entry: Path) -> Process | None:
    """None for a process that has ended or is a zombie. The fields follow the name in parentheses (proc(5), stat)."""
    try:
        state, parent, *rest = (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else Process(int(entry.name), int(parent), rest[17])
