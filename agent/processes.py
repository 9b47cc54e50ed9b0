"""An agent of several processes, one per core. Their parent starts them, restarts them, and has the limiter of all.

All processes fetch from the same consumers, so the broker distributes the work. If a process dies, its checks go to
another one.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence

import structlog

from agent.app import KEYS_ENDED, examining_fitness, log_keys_ended, new_limiter, serving_metrics
from agent.metrics.counts import Counts
from agent.metrics.reading import AgentMetrics, ReadingSource, rendered
from agent.net.resolve import Resolver
from agent.settings import Settings
from agent.throttling.limiter_server import LimiterServer
from agent.throttling.refused_logins_file import remembering
from shared.settings import variable

log = structlog.get_logger()

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A process that ran this long is restarted after the shortest pause."""

STOP_MARGIN_SECONDS = 5.0
"""How long a process may take to stop beyond its drain time."""


class Processes:
    """The children of one parent. `arguments` are their command line after `mailprobe-agent run`."""

    def __init__(self, settings: Settings, arguments: Sequence[str], limiter: LimiterServer) -> None:
        self._settings = settings
        self._arguments = arguments
        self._limiter = limiter
        self._stop = asyncio.Event()
        self._running: set[Process] = set()
        self._cut_short = False
        self._keys_ended = False

    async def run(self) -> int:
        """Keep all children running until the first signal, or until NATS has refused one of them for good, then wait
        for them. Same exit status as one process.
        """
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._signalled)
        async with asyncio.TaskGroup() as group:
            for number in range(1, self._settings.processes + 1):
                group.create_task(self._keep(f"{self._settings.agent_name}-{number}"), name=f"keep-{number}")
        return KEYS_ENDED if self._keys_ended else int(self._cut_short)

    def _signalled(self) -> None:
        """Pass each signal on: the first stops a child in order, the second at once."""
        self._stop.set()
        for process in self._running:
            _send(process, signal.SIGTERM)

    async def _keep(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            began = loop.time()
            try:
                status = await self._run_once(name)
            except OSError as error:
                log.warning("process_not_started", agent=name, error=error.strerror)
            else:
                if self._stop.is_set():
                    # Killed by SIGTERM: it had not begun yet.
                    self._cut_short |= status not in {0, KEYS_ENDED, -signal.SIGTERM}
                    return
                if status == KEYS_ENDED:  # the others have the same keys
                    self._keys_ended = True
                    log_keys_ended(self._settings.location)
                    self._signalled()
                    return
                log.warning("process_died", agent=name, status=status)
            if loop.time() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            try:
                async with asyncio.timeout(pause):
                    await self._stop.wait()
            except TimeoutError:
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _run_once(self, name: str) -> int:
        """Start one child and wait for its end. Returns its exit status, negative for a signal. Raises OSError."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-P", "-m", "agent", "run", *self._arguments, "--parent", str(theirs.fileno())),
                    env=os.environ | {variable("agent_name"): name, variable("processes"): "1"},
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,  # Ctrl-C in a terminal reaches the parent only, which passes it on
                )
        except OSError:
            ours.close()
            raise
        log.info("process_started", agent=name, pid=process.pid)
        self._running.add(process)
        if self._stop.is_set():
            _send(process, signal.SIGTERM)
        serving = asyncio.create_task(self._limiter.serve(ours), name=f"limiter-{name}")
        try:
            return await self._ended(process)
        finally:
            _send(process, signal.SIGKILL)
            self._running.discard(process)
            await asyncio.wait([serving], timeout=1)
            serving.cancel()

    async def _ended(self, process: Process) -> int:
        ending = asyncio.ensure_future(process.wait())
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait([ending, stopping], return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait([ending], timeout=self._settings.drain_seconds + STOP_MARGIN_SECONDS)
            if not ending.done():
                log.error("process_killed", pid=process.pid)
                _send(process, signal.SIGKILL)
            return await ending
        finally:
            ending.cancel()
            stopping.cancel()


async def run_processes(settings: Settings, arguments: Sequence[str]) -> int:
    """Run an agent of `settings.processes` processes until a signal stops it. Same exit status as one process."""
    async with Resolver.open(settings.control_name) as resolver, remembering(settings.refused_logins_file) as logins:
        own_limiter = new_limiter(settings, logins)
        limiter = LimiterServer(own_limiter)
        parent = ReadingSource(Counts(), dict)

        async def render() -> bytes:
            children = await limiter.readings()
            return await rendered(AgentMetrics([parent.read(), *children.living], children.past, own_limiter.unfit))

        async with examining_fitness(settings, resolver, limiter.found), serving_metrics(settings, render):
            return await Processes(settings, arguments, limiter).run()


def _send(process: Process, number: signal.Signals) -> None:
    if process.returncode is None:
        try:
            process.send_signal(number)
        except ProcessLookupError:
            log.debug("process_gone", pid=process.pid)
