"""Serves `/metrics` and nothing else over HTTP/1.1: one request per connection, few at a time, each within a deadline.

It uses no framework: there is only one answer, and an agent should stay small. It asks for no token, so its port is for
those who may read the metrics.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import structlog
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

log = structlog.get_logger()

_MOST_CONNECTIONS = 8
_HEAD_BYTES = 8 * 1024
_DEADLINE_SECONDS = 10.0

Render = Callable[[], Awaitable[bytes]]
"""Returns the metrics of this moment, in Prometheus' text format 0.0.4."""


class PortError(Exception):
    """The port cannot be listened on; the message names it and says why."""


class _Listener:
    def __init__(self, render: Render, deadline_seconds: float) -> None:
        self._render = render
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
        first = await reader.readexactly(1)
        if not first.isupper():  # as the first byte of a TLS handshake, whose client waits for an answer, too
            return _response(HTTPStatus.BAD_REQUEST)
        try:
            head = first + await reader.readuntil(b"\r\n\r\n")
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
            body = await self._render()
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


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens on this port; the kernel chooses one for 0. `::` takes IPv4, too. Raises PortError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(1024)
            listener.setblocking(False)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise PortError(f"cannot listen on {host} port {port}: {error.strerror}") from error
    return listener


@asynccontextmanager
async def serving(
    listener: socket.socket, render: Render, *, deadline_seconds: float = _DEADLINE_SECONDS
) -> AsyncIterator[int]:
    """Serve on a socket of `bound` until the context ends, which closes it; yields the port."""
    accepting = _Listener(render, deadline_seconds)
    server = await asyncio.start_server(accepting.accept, sock=listener, limit=_HEAD_BYTES)
    host, port = listener.getsockname()[:2]
    log.info("metrics_served", host=host, port=port)
    try:
        yield port
    finally:
        server.close()
        for task in accepting.connections:
            task.cancel()
        if accepting.connections:
            await asyncio.wait(accepting.connections)
        await server.wait_closed()
