"""Figures of the benches: rates, percentiles, and the CPU and memory of processes (from Linux's /proc)."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.system.processes import family

Figures = dict[str, object]

_TICKS = os.sysconf("SC_CLK_TCK")


class Rate(NamedTuple):
    """How often something finished per second, and per second of this process's CPU time."""

    per_second: float
    per_cpu_second: float


async def rate(once: Callable[[], Awaitable[None]], *, seconds: float, at_once: int) -> Rate:
    """Call `once` again and again, `at_once` calls at a time."""
    done = 0
    end = time.perf_counter() + seconds

    async def again_and_again() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await once()
            done += 1

    began, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(again_and_again())
    return Rate(done / (time.perf_counter() - began), done / (time.process_time() - cpu))


def spread(values: Iterable[float]) -> dict[str, float]:
    """Percentiles of values, in their unit; empty if there are no values."""
    ordered = sorted(values)
    if not ordered:
        return {}
    return {
        f"p{percent}": round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)
        for percent in (50, 95, 99)
    } | {"max": round(ordered[-1], 1)}


class Meter:
    """The CPU that named processes use from now on, each with its child processes."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._began = time.monotonic()
        self._before = {name: cpu_seconds(pid) for name, pid in self._pids.items()}

    def cpu(self) -> dict[str, float]:
        """Seconds of CPU time since the meter was made."""
        return {name: cpu_seconds(pid) - self._before[name] for name, pid in self._pids.items()}

    def cores(self) -> dict[str, float]:
        """How many cores each process has used on average."""
        seconds = time.monotonic() - self._began
        return {name: round(cpu / seconds, 3) for name, cpu in self.cpu().items()}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children, ended or running. See proc(5), stat."""
    ticks = 0
    for process in family(pid):
        try:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / _TICKS


def memory_mib(pid: int) -> float:
    """The memory of a process and its children; shared pages count once (proportional set size)."""
    total = 0
    for process in family(pid):
        try:
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")), 0)
    return round(total / 1024, 1)
