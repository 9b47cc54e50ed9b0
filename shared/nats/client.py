"""The NATS client, corrected where it waits, stops or speaks in clear text when it must not.

nats-py has no public way for any of this, so this is the one module that replaces methods of its inside.
tests/unit/libraries notices when a release changes what these replace.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import suppress
from typing import Any
from urllib.parse import ParseResult

from nats.aio.client import DEFAULT_BUFFER_SIZE, Client, Srv
from nats.aio.msg import Msg
from nats.aio.transport import TcpTransport
from nats.errors import Error as NatsError

from shared.nats.broker import CONNECT_SECONDS, needs_tls
from shared.nats.errors import BROKER_ERRORS, is_refusal
from shared.nats.lost_cancellation import cancellable, raise_lost_cancellation
from shared.nats.refusals import Refusals

_CANCEL_SECONDS = 0.1


class _TlsProtocol(asyncio.StreamReaderProtocol):
    """asyncio's own protocol does not know that it was put on top of TLS, and asks to keep the connection half open
    when the server closes it. TLS cannot do that, and asyncio would log a warning each time.
    """

    def eof_received(self) -> bool:
        super().eof_received()
        return False


class _Transport(TcpTransport):
    """The client's transport with that protocol, which does not report that what it closes is closed already."""

    async def wait_closed(self) -> None:
        with suppress(OSError):
            await super().wait_closed()  # type: ignore[no-untyped-call]

    async def connect_tls(
        self,
        uri: str | ParseResult,
        ssl_context: ssl.SSLContext,
        buffer_size: int,  # noqa: ARG002 - part of the client's contract
        connect_timeout: int,
    ) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = _TlsProtocol(reader)
        name = uri if isinstance(uri, str) else uri.hostname
        async with asyncio.timeout(connect_timeout):
            assert self._io_writer  # noqa: S101 - the client has connected it
            below = self._io_writer.transport
            transport = await loop.start_tls(below, protocol, ssl_context, server_hostname=name)
            assert transport  # noqa: S101 - for mypy: uvloop and asyncio return one
        self._io_reader, self._io_writer = reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class BrokerClient(Client):
    """A client that sends nothing in clear text to a server that should require TLS but does not, that does not wait
    for an orderly close by a server that is gone, that reads on after a message with headers that are none, that loses
    no cancellation with an answer or while it sends, and that tells `refusals` what became of its attempts to log in.
    """

    def __init__(self, refusals: Refusals) -> None:
        super().__init__()
        self._refusals = refusals

    async def request(self, *arguments: Any, **named: Any) -> Msg:
        return await cancellable(super().request(*arguments, **named))

    async def _flush_pending(self, force_flush: bool = False) -> Any:
        # It takes a cancellation for the end of its wait, so a task that publishes much could not be ended in time.
        return await cancellable(super()._flush_pending(force_flush))

    async def _process_headers(self, headers: Any) -> dict[str, str] | None:
        try:
            return await super()._process_headers(headers)
        except Exception:  # noqa: BLE001 - it would stop reading for ever, and whoever may publish can send anything there
            return None

    def _connect_command(self) -> bytes:
        server = self._current_server
        if server is not None and needs_tls(server.uri.geturl()) and not self._server_info.get("tls_required"):
            raise NatsError("the server does not require TLS, which Mailprobe needs outside this machine")
        return super()._connect_command()

    async def _attempt_reconnect(self) -> None:
        # Over TLS an orderly close would wait 30 s for an answer before the next server is tried.
        self.abort()
        await super()._attempt_reconnect()

    async def _connect_to_server(self, s: Srv) -> None:
        raise_lost_cancellation()  # a loop of attempts that was ended
        self.abort()  # closes the connection of an attempt that failed after connecting
        s.last_attempt = time.monotonic()
        transport = _Transport()  # type: ignore[no-untyped-call]
        try:
            await transport.connect(s.uri, buffer_size=DEFAULT_BUFFER_SIZE, connect_timeout=CONNECT_SECONDS)
        except BROKER_ERRORS:
            self._refusals.unreachable(s.uri.netloc)
            raise
        self._transport = transport

    async def _process_connect_init(self) -> None:
        server = self._current_server.uri.netloc if self._current_server else ""
        try:
            await super()._process_connect_init()
        except BROKER_ERRORS as error:
            if is_refusal(error):
                self._refusals.refused(server)
            raise
        if self.is_connected:
            self._refusals.admitted()

    async def _close(self, status: int, do_cbs: bool = True) -> None:
        await self._stop_reconnecting()
        writer = getattr(self._transport, "_io_writer", None)
        if not self.is_connected or writer is None or writer.is_closing():
            self._pending, self._pending_data_size = [], 0  # to write it would fail, and leave the rest open
        await super()._close(status, do_cbs)

    async def _stop_reconnecting(self) -> None:
        """An attempt that loses its cancellation would open the closed client again, and attempts would never end."""
        task = self._reconnection_task
        while task is not None and task is not asyncio.current_task() and not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=_CANCEL_SECONDS)

    def abort(self) -> None:
        """Close the connection at once, without a last word to the server; harmless when there is none."""
        writer = getattr(self._transport, "_io_writer", None)
        if writer is not None:
            writer.transport.abort()
