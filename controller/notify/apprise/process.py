"""Runs Apprise in a few child processes: one that takes too long is killed, and the controller is not affected."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import msgspec
import structlog

from controller.notify.errors import DeliveryError, Fault
from controller.notify.message import Message
from shared.addresses import Network

log = structlog.get_logger()

SEND_SECONDS = 20.0
AT_ONCE = 16
_IDLE_AT_MOST = 2
_CHILD = Path(__file__).with_name("child.py")
_INHERITED_VARIABLES = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_RETRY_STATUSES = frozenset({408, 421, 423, 425, 429})


class AppriseAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A child's answer: whether the URL is valid, whether the service accepted the message, its last HTTP status."""

    valid: bool
    accepted: bool = False
    status: int | None = None
    forbidden: bool = False
    crashed: str | None = None


class AppriseProcesses:
    """A pool of child processes, made by `AppriseProcesses.open`. The first one starts with the first message."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._idle: list[Process] = []
        self._all: set[Process] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, seconds: float = SEND_SECONDS) -> AsyncIterator[Self]:
        """`seconds` limits how long one message may take."""
        processes = cls(seconds)
        try:
            yield processes
        finally:
            for process in list(processes._all):
                await processes._end(process)

    async def send(
        self,
        url: str,
        message: Message,
        *,
        plugins: Sequence[str] | None = None,
        allowed: Sequence[Network] | None = (),
    ) -> None:
        """Send to an Apprise URL, which must belong to one of `plugins` if they are given. `allowed` are networks that
        may be reached besides public addresses; None allows any. Raises DeliveryError, whose text never holds the URL.
        """
        answer = await self._exchange(url, plugins, allowed, message)
        if not answer.valid:
            raise DeliveryError("the channel's config is incomplete or does not fit this service", permanent=True)
        if answer.accepted:
            return
        if answer.forbidden:
            raise DeliveryError("the service has a private address, which is not allowed here", permanent=True)
        status = answer.status
        if status is None:
            raise DeliveryError("cannot connect to the service", permanent=False, fault=Fault.CHANNEL)
        permanent = 300 <= status < 500 and status not in _RETRY_STATUSES
        fault = Fault.MESSAGE if permanent else Fault.CHANNEL
        raise DeliveryError(f"the service answered {status}", permanent=permanent, status=status, fault=fault)

    async def understands(self, url: str, *, plugins: Sequence[str] | None = None) -> bool:
        """Whether the URL is complete and belongs to one of these plugins; nothing is sent. Raises DeliveryError."""
        return (await self._exchange(url, plugins, (), None)).valid

    async def _exchange(
        self, url: str, plugins: Sequence[str] | None, allowed: Sequence[Network] | None, message: Message | None
    ) -> AppriseAnswer:
        request: dict[str, Any] = {
            "url": url,
            "plugins": plugins,
            "allowed": None if allowed is None else [str(network) for network in allowed],
            "title": message.subject if message else None,
            "body": message.text if message else None,
            "tone": message.tone if message else None,
        }
        async with self._slots:
            process = self._idle.pop() if self._idle else await self._start()
            try:
                async with asyncio.timeout(self._seconds):
                    answer = await _answer(process, request)
            except TimeoutError as error:
                await self._end(process)
                text = "the service did not answer in time"
                raise DeliveryError(text, permanent=False, fault=Fault.CHANNEL) from error
            except (OSError, EOFError, ValueError, RecursionError) as error:
                await self._end(process)
                log.warning("apprise_process_failed", error=type(error).__name__, returncode=process.returncode)
                raise DeliveryError("sending failed on Mailprobe's side", permanent=False) from error
            except BaseException:
                await self._end(process)
                raise
            if len(self._idle) < _IDLE_AT_MOST:
                self._idle.append(process)
            else:
                await self._end(process)
            return answer

    async def _start(self) -> Process:
        """Start a child that inherits only the variables by which programs and certificates are found."""
        environment = {name: os.environ[name] for name in _INHERITED_VARIABLES if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(_CHILD), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment
        )
        self._all.add(process)
        return process

    async def _end(self, process: Process) -> None:
        self._all.discard(process)
        with suppress(ProcessLookupError):
            process.kill()
        await asyncio.shield(process.wait())


async def _answer(process: Process, request: dict[str, Any]) -> AppriseAnswer:
    assert process.stdin is not None  # noqa: S101 - opened as a pipe
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(msgspec.json.encode(request) + b"\n")
    await process.stdin.drain()
    line = await process.stdout.readline()
    if not line:
        raise EOFError("the process ended")
    return msgspec.json.decode(line, type=AppriseAnswer)
