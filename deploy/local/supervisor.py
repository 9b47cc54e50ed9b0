"""Keeps the parts of the product running: starts them, restarts those that die, and stops all in reverse order."""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from typing import TextIO

import structlog

from deploy.local import LocalError
from deploy.local.children import Watcher, has_death_signal, with_death_signal

log = structlog.get_logger()

PAUSE_SECONDS = 1.0
"""The pause between the death of a part and its next start."""

_TRIES = 5
_LOG_BYTES = 10 * 1024**2
_LINE_BYTES = 1024**2
_TAIL_BYTES = 4096
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


async def at_once() -> bool:
    """The `ready` of a part that is ready at its start."""
    return True


@dataclass(frozen=True, kw_only=True)
class Part:
    """A program to keep running.

    `ready` returns whether it works yet, and must not hang. `stop` lists the signals that stop it, each with the
    seconds to wait after it; then the part is killed. It gets `death_signal` when this process is killed. Its output
    goes to `log_path`, else to the console. `prefix` is a command that execs the rest of its arguments.
    `wrong_settings` is the exit status of a start with wrong settings, after which another start would not help.
    """

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    ready: Callable[[], Awaitable[bool]] = at_once
    stop: Sequence[tuple[Signals, float]] = ((Signals.SIGTERM, 2.0),)
    death_signal: Signals = Signals.SIGKILL
    prefix: tuple[str, ...] = ()
    log_path: Path | None = None
    wrong_settings: int | None = None


@dataclass(eq=False)
class _Running:
    part: Part
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    process: Process | None = None
    deaths: int = 0
    status: int | None = None
    last_line: str = ""
    task: asyncio.Task[None] | None = None


class Supervisor:
    """Made by `supervising`. `on_start` is called after each start of a part; `pids` are those of running parts."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        on_start: Callable[[], None] | None,
        console: TextIO,
        pause_seconds: float,
    ) -> None:
        self._group = group
        self._on_start = on_start
        self._console = console
        self._pause_seconds = pause_seconds
        self._watcher = None if has_death_signal() else Watcher()
        self._running: dict[str, _Running] = {}

    @property
    def pids(self) -> dict[str, int]:
        return {name: running.process.pid for name, running in self._running.items() if running.process}

    async def start(self, part: Part, *, seconds: float = 30.0) -> None:
        """Return when the part is ready. Raises LocalError when it died five times first, has wrong settings, or is not
        ready within `seconds`.
        """
        running = self._running[part.name] = _Running(part)
        running.task = self._group.create_task(self._keep(running), name=f"keep-{part.name}")
        hint = f"; see {part.log_path}" if part.log_path else ""
        try:
            async with asyncio.timeout(seconds):
                while running.process is None or not await part.ready():
                    if running.deaths >= _TRIES or _has_wrong_settings(running):
                        raise LocalError(f"{part.name} does not stay up{_why(running)}{hint}")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise LocalError(f"{part.name} is not ready after {seconds:.0f} s{_why(running)}{hint}") from None

    async def stop(self, *names: str) -> None:
        """Stop these parts at the same time, each within its seconds. Unknown names are ignored."""
        running = [self._running.pop(name) for name in names if name in self._running]
        await asyncio.gather(*(self._stop(each) for each in running))

    async def restart(self, name: str) -> None:
        """Stop a part, if it runs; it is started again like one that died."""
        running = self._running.get(name)
        process = running.process if running else None
        if running is None or process is None:
            return
        for signal, seconds in (*running.part.stop, (Signals.SIGKILL, None)):
            _signal(process, signal)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await process.wait()
                    return

    async def stop_all(self) -> None:
        """Stop all running parts, the latest started first."""
        for name in reversed(list(self._running)):
            await self.stop(name)
        if self._watcher:
            self._watcher.close()

    async def _stop(self, running: _Running) -> None:
        running.stopping.set()
        if running.task is None:
            return
        for signal, seconds in running.part.stop:
            _signal(running.process, signal)
            done, _ = await asyncio.wait([running.task], timeout=seconds)
            if done:
                return
        log.warning("part_killed", part=running.part.name)
        _signal(running.process, Signals.SIGKILL)
        await asyncio.wait([running.task])

    async def _keep(self, running: _Running) -> None:
        name = running.part.name
        while not running.stopping.is_set():
            try:
                running.status = await self._run(running)
            except OSError as error:
                running.status = None
                log.warning("part_not_started", part=name, error=error.strerror)
            else:
                if running.stopping.is_set():
                    return
                log.warning("part_died", part=name, status=running.status)
            running.deaths += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause_seconds):
                    await running.stopping.wait()

    async def _run(self, running: _Running) -> int:
        """Run a part once until it ends. Returns its exit status, negative for a signal. Raises OSError."""
        part = running.part
        process = running.process = await _spawn(part)
        if self._watcher:
            self._watcher.started(process.pid, part.death_signal)
        relay = asyncio.create_task(self._relay(running, process), name=f"relay-{part.name}")
        try:
            say = log.info if running.deaths else log.debug  # the first start is no news
            say("part_started", part=part.name, pid=process.pid)
            if running.stopping.is_set():
                process.kill()
            elif self._on_start:
                try:
                    self._on_start()
                except OSError as error:
                    log.warning("start_not_recorded", part=part.name, error=error.strerror)
            return await process.wait()
        finally:
            _signal(process, Signals.SIGKILL)
            await process.wait()
            running.process = None
            if self._watcher:
                self._watcher.ended(process.pid)
            _, late = await asyncio.wait([relay], timeout=0.5)  # a grandchild may hold the pipe open
            for task in late:
                task.cancel()

    async def _relay(self, running: _Running, process: Process) -> None:
        name = running.part.name
        while process.stdout:
            try:
                line = await process.stdout.readline()
            except ValueError:
                continue  # a line over the limit is dropped
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            running.last_line = text or running.last_line
            with suppress(OSError, ValueError):  # the console may have been closed
                print(f"{name:<10} | {text}", file=self._console, flush=True)


@asynccontextmanager
async def supervising(
    *,
    on_start: Callable[[], None] | None = None,
    console: TextIO = sys.stderr,
    pause_seconds: float = PAUSE_SECONDS,
) -> AsyncIterator[Supervisor]:
    """A supervisor that stops all parts when the context ends, also with an error."""
    try:
        async with asyncio.TaskGroup() as group:
            supervisor = Supervisor(group, on_start, console, pause_seconds)
            try:
                yield supervisor
            finally:
                await supervisor.stop_all()
    except BaseExceptionGroup as failed:
        if len(failed.exceptions) == 1:  # an error of the context's own body is raised unchanged
            raise failed.exceptions[0] from None
        raise


async def _spawn(part: Part) -> Process:
    command = [*part.prefix, *with_death_signal(part.command, part.death_signal)]
    if part.log_path is None:
        return await asyncio.create_subprocess_exec(
            *command,
            env=dict(part.environ),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
            limit=_LINE_BYTES,
        )
    if part.log_path.exists() and part.log_path.stat().st_size > _LOG_BYTES:
        part.log_path.replace(part.log_path.with_suffix(".log.1"))
    with part.log_path.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command, env=dict(part.environ), stdin=DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def _has_wrong_settings(running: _Running) -> bool:
    return running.deaths > 0 and running.status is not None and running.status == running.part.wrong_settings


def _why(running: _Running) -> str:
    """The last line of a part that died, as plain text after a colon; empty when it wrote none that can be read."""
    if not running.deaths:
        return ""
    line, path = running.last_line, running.part.log_path
    if path is not None:
        try:
            with path.open("rb") as written:
                written.seek(max(0, path.stat().st_size - _TAIL_BYTES))
                line = written.read().decode(errors="replace").strip().rpartition("\n")[2]
        except OSError:
            return ""
    line = _COLOURS.sub("", line).strip()
    return f": {line}" if line else ""


def _signal(process: Process | None, signal: Signals) -> None:
    if process and process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal)
