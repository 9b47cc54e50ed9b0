"""A TCP server for a test. It closes its connections, because one left open causes a warning in a later test."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self, TypeAlias

from tests.fakes.certificates import ADDRESS

Talk: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_PATIENCE_SECONDS = 10.0


class Listener:
    """Listens while its context is open; a connection is closed when `talk` returns or the client has closed it."""

    def __init__(self, talk: Talk, host: str = ADDRESS) -> None:
        self._talk = talk
        self._host = host
        self._open: set[asyncio.Task[None]] = set()
        self._closing = False
        self.port = 0

    async def __aenter__(self) -> Self:
        self._closing = False
        self._server = await asyncio.start_server(self._accept, self._host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        self._server.close()
        for task in self._open:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=_PATIENCE_SECONDS)

    async def all_closed(self) -> None:
        """Return when every connection is closed. Raises TimeoutError."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self._open:
                await asyncio.wait(set(self._open))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closing:  # the connection was accepted while the server closed
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._talk(reader, writer)
        except (OSError, EOFError):
            pass  # the client closed the connection
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.close()
            try:
                async with asyncio.timeout(0.2):
                    await writer.wait_closed()
            except (OSError, TimeoutError, asyncio.CancelledError):  # cancelled: the test ended just now
                writer.transport.abort()
            self._open.discard(task)
