"""Serves `/metrics` of an agent over HTTP/1.1: one request per connection, few at a time, each within a deadline.

It uses no framework: there is only one answer, and an agent should stay small.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

log = structlog.get_logger()

_MOST_CONNECTIONS = 8
_HEAD_BYTES = 8 * 1024
_DEADLINE_SECONDS = 10.0

Gather = Callable[[], Awaitable[Collector]]
"""Returns the metrics of this moment."""


class _Listener:
    def __init__(self, gather: Gather, deadline_seconds: float) -> None:
        self._gather = gather
        self._deadline_seconds = deadline_seconds
        self._one_at_a_time = asyncio.Lock()
        self.connections: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self.connections) >= _MOST_CONNECTIONS:
            writer.close()
            return
        task = asyncio.create_task(self._serve(reader, writer), name="serve-metrics")
        self.connections.add(task)
        task.add_done_callback(self.connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._deadline_seconds):
                writer.write(await self._answer(reader))
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (OSError, EOFError, TimeoutError):
            log.debug("scrape_aborted")
        except Exception:
            log.exception("scrape_failed")
        finally:
            writer.transport.abort()  # an orderly close would wait for ever for a client that does not read

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        """The response to one request. Raises IncompleteReadError (EOFError) if the client has gone."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        parts = head.split(b"\r\n", 1)[0].split(b" ")
        if len(parts) != 3 or not parts[2].startswith(b"HTTP/1."):
            return _response(HTTPStatus.BAD_REQUEST)
        method, path, _ = parts
        if path.partition(b"?")[0] != b"/metrics":
            return _response(HTTPStatus.NOT_FOUND)
        if method not in {b"GET", b"HEAD"}:
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, allow=True)
        async with self._one_at_a_time:
            registry = CollectorRegistry()
            registry.register(await self._gather())
            body = await asyncio.to_thread(generate_latest, registry)  # in a thread, so that the loop is not late
        return _response(HTTPStatus.OK, body, CONTENT_TYPE_PLAIN_0_0_4, only_head=method == b"HEAD")


def _response(
    status: HTTPStatus,
    body: bytes = b"",
    content_type: str = "text/plain; charset=utf-8",
    *,
    only_head: bool = False,
    allow: bool = False,
) -> bytes:
    body = body or f"{status.phrase}\n".encode()
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        *(["Allow: GET, HEAD"] if allow else []),
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + (b"" if only_head else body)


@asynccontextmanager
async def serving(
    host: str, port: int, gather: Gather, *, deadline_seconds: float = _DEADLINE_SECONDS
) -> AsyncIterator[int]:
    """Serve until the context ends; yields the port, which the kernel chooses for 0. Raises OSError."""
    listener = _Listener(gather, deadline_seconds)
    server = await asyncio.start_server(listener.accept, host, port, limit=_HEAD_BYTES)
    own: int = server.sockets[0].getsockname()[1]
    log.info("metrics_served", host=host, port=own)
    try:
        yield own
    finally:
        server.close()
        for task in listener.connections:
            task.cancel()
        if listener.connections:
            await asyncio.wait(listener.connections)
        await server.wait_closed()
