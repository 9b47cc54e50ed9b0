"""Apprise in processes of its own, a few at a time: one that takes too long is killed and takes nobody along."""

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

from controller.notify.errors import DeliveryError
from controller.notify.message import Message
from shared.addresses import Network

log = structlog.get_logger()

SEND_SECONDS = 20.0
AT_ONCE = 16
_IDLE_AT_MOST = 2
_CHILD = Path(__file__).with_name("apprise_child.py")
_HANDED_ON = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_WORTH_ANOTHER_TRY = frozenset({408, 421, 423, 425, 429})


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the process says: whether the URL is understood, the service accepted, and its last HTTP status."""

    valid: bool
    accepted: bool = False
    status: int | None = None
    forbidden: bool = False
    crashed: str | None = None


class AppriseProcesses:
    """Made by `AppriseProcesses.open`; none runs before the first message."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._idle: list[Process] = []
        self._all: set[Process] = set()

    @classmethod
    @asynccontextmanager
    async def open(cls, seconds: float = SEND_SECONDS) -> AsyncIterator[Self]:
        """`seconds` is how long one message may take."""
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
        """Send to an Apprise URL, of one of these plugins when they are given. `allowed` are networks that may be
        reached besides public addresses; None is any. Raises DeliveryError, in words without the URL.
        """
        answer = await self._ask(url, plugins, allowed, message)
        if not answer.valid:
            raise DeliveryError("its settings are not complete, or not those of such a service", permanent=True)
        if answer.accepted:
            return
        if answer.forbidden:
            raise DeliveryError("it leads to a private address, which is not allowed here", permanent=True)
        status = answer.status
        if status is None:
            raise DeliveryError("the service cannot be reached", permanent=False)
        permanent = 300 <= status < 500 and status not in _WORTH_ANOTHER_TRY
        raise DeliveryError(f"the service answered {status}", permanent=permanent, status=status)

    async def understands(self, url: str, *, plugins: Sequence[str] | None = None) -> bool:
        """Whether the URL is one of these plugins', complete; nothing is sent. Raises DeliveryError."""
        return (await self._ask(url, plugins, (), None)).valid

    async def _ask(
        self, url: str, plugins: Sequence[str] | None, allowed: Sequence[Network] | None, message: Message | None
    ) -> Answer:
        wish: dict[str, Any] = {
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
                    answer = await _answer(process, wish)
            except TimeoutError as error:
                await self._end(process)
                raise DeliveryError("the service keeps silent", permanent=False) from error
            except (OSError, EOFError, msgspec.MsgspecError, ValueError) as error:
                await self._end(process)
                log.warning("apprise_process_failed", error=type(error).__name__, returncode=process.returncode)
                raise DeliveryError("sending it failed on our side", permanent=False) from error
            except BaseException:
                await self._end(process)
                raise
            if len(self._idle) < _IDLE_AT_MOST:
                self._idle.append(process)
            else:
                await self._end(process)
            return answer

    async def _start(self) -> Process:
        """Isolated: of the environment it has only what finds programs and certificates."""
        environment = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
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


async def _answer(process: Process, wish: dict[str, Any]) -> Answer:
    assert process.stdin is not None  # noqa: S101 - asked for above
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(msgspec.json.encode(wish) + b"\n")
    await process.stdin.drain()
    line = await process.stdout.readline()
    if not line:
        raise EOFError("the process ended")
    return msgspec.json.decode(line, type=Answer)
