"""Times every callback of an event loop, and notes where the long ones spent their time.

The loop is asyncio's own, whose callbacks all go through `Handle._run`; uvloop's cannot be timed from outside. What
happens inside a callback is ours and the same in both. A timer's signal interrupts a callback each 5 ms, so the place
that is noted is the very line, or the one that called into C.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from asyncio.events import Handle
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from types import FrameType

import msgspec

SHORTEST_MS = 5.0
_SAMPLE_SECONDS = SHORTEST_MS / 1000
_TICK_SECONDS = 0.005
_REPOSITORY = f"{Path(__file__).parents[3]}/"
_AROUND = (
    "controller/__main__.py",
    "agent/__main__.py",
    "controller/commands/line.py",
    "controller/api/system/metrics.py",
)
_OURS = tuple(f"{_REPOSITORY}{name}/" for name in ("agent", "controller", "shared"))

_MOST_SAMPLES = 100

Stack = tuple[str, ...]


class Stretch(msgspec.Struct):
    """Callbacks of more than SHORTEST_MS that were in one function all the while: how often, and the worst of them in
    milliseconds. `entry` is where our code began, `at` what ran mostly, `gc_ms` what the garbage collector took of the
    worst. Little CPU in a long stretch means that it waited: for a core, for a thread that held the interpreter, or for
    a file.
    """

    entry: str
    where: str
    at: str
    times: int = 0
    worst_ms: float = 0.0
    worst_cpu_ms: float = 0.0
    gc_ms: float = 0.0
    phases: set[str] = set()


class Report(msgspec.Struct):
    """The stretches, worst first, and by phase how late timers were (milliseconds) and how often that was looked at."""

    stretches: list[Stretch]
    late_ms: dict[str, list[float]]


class Watcher:
    """Watches the loop of the main thread from `install` on. `phase` names what the bench does at the moment."""

    def __init__(self) -> None:
        self.phase = "start"
        self._found: dict[tuple[str, str], Stretch] = {}
        self._late: dict[str, list[float]] = {}
        self._samples: list[tuple[Stack, str]] = []
        self._collecting_since = 0.0
        self._collected_ms = 0.0
        self._generation = 0

    def install(self) -> None:
        run = Handle._run  # the one place that all callbacks go through

        def timed(handle: Handle) -> None:
            self._samples.clear()
            self._collected_ms, self._generation = 0.0, 0
            signal.setitimer(signal.ITIMER_REAL, _SAMPLE_SECONDS, _SAMPLE_SECONDS)
            began, cpu = time.perf_counter(), time.thread_time()
            try:
                run(handle)
            finally:
                took, cpu = 1000 * (time.perf_counter() - began), 1000 * (time.thread_time() - cpu)
                signal.setitimer(signal.ITIMER_REAL, 0)
                if took >= SHORTEST_MS:
                    self._record(handle, took, cpu)

        Handle._run = timed  # type: ignore[method-assign, assignment]
        signal.signal(signal.SIGALRM, self._sample)
        gc.callbacks.append(self._collection)

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note how late the loop's timers are."""

        def tick(due: float) -> None:
            now = time.perf_counter()
            self._late.setdefault(self.phase, []).append(1000 * max(0.0, now - due))
            loop.call_later(_TICK_SECONDS, tick, now + _TICK_SECONDS)

        loop.call_soon(tick, time.perf_counter())

    def report(self) -> Report:
        worst_first = sorted(self._found.values(), key=lambda stretch: -stretch.worst_ms)
        return Report(worst_first, self._late)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        if frame is not None:
            self._samples.append((_stack(frame), _name(frame)))
        if len(self._samples) >= _MOST_SAMPLES:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _collection(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._collecting_since = time.perf_counter()
        else:
            self._collected_ms += 1000 * (time.perf_counter() - self._collecting_since)
            self._generation = max(self._generation, info["generation"])

    def _record(self, handle: Handle, took: float, cpu: float) -> None:
        entry, where, at = _callback(handle), "", ""
        if self._collected_ms > took / 2:
            entry, where = "garbage collector", f"generation {self._generation}"
        elif stacks := [stack for stack, _ in self._samples if stack]:
            common = _shared_by(stacks)
            entry, where = stacks[0][0], common[-1] if common else ""
            at = Counter(name for _, name in self._samples).most_common(1)[0][0]
        stretch = self._found.setdefault((entry, where), Stretch(entry, where, at))
        stretch.times += 1
        stretch.phases.add(self.phase)
        if took > stretch.worst_ms:
            stretch.worst_ms, stretch.worst_cpu_ms = round(took, 1), round(cpu, 1)
            stretch.gc_ms, stretch.at = round(self._collected_ms, 1), at


def _stack(frame: FrameType) -> Stack:
    """Our functions, outermost first."""
    names: list[str] = []
    inner: FrameType | None = frame
    while inner is not None:
        if inner.f_code.co_filename.startswith(_OURS):
            names.append(f"{_file(inner)} {inner.f_code.co_qualname}")
        inner = inner.f_back
    return tuple(name for name in reversed(names) if not name.startswith(_AROUND))


def _shared_by(stacks: Sequence[Stack]) -> Stack:
    """How these stacks begin alike."""
    alike = takewhile(lambda names: len(set(names)) == 1, zip(*stacks, strict=False))
    return tuple(names[0] for names in alike)


def _name(frame: FrameType) -> str:
    return f"{_file(frame)}:{frame.f_lineno} {frame.f_code.co_qualname}"


def _file(frame: FrameType) -> str:
    return frame.f_code.co_filename.removeprefix(_REPOSITORY).rpartition("site-packages/")[2]


def _callback(handle: Handle) -> str:
    callback = handle._callback  # type: ignore[attr-defined]
    task = getattr(callback, "__self__", None)
    if isinstance(task, asyncio.Task):
        coroutine = task.get_coro()
        return f"task {task.get_name()}: {getattr(coroutine, '__qualname__', coroutine)}"
    return str(getattr(callback, "__qualname__", callback))
