"""The broker's address, our credentials, and the one way to connect to it. `shared.nats.bus` owns the connections."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import suppress
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import ParseResult, urlsplit

from nats.aio.client import DEFAULT_BUFFER_SIZE, Client, Srv
from nats.aio.transport import TcpTransport
from nats.errors import Error as NatsError

from shared.host_names import is_host
from shared.nats.credentials import Credentials
from shared.nats.errors import BROKER_ERRORS, is_refusal
from shared.nats.lost_cancellation import raise_lost_cancellation
from shared.nats.refusals import Refusals
from shared.wire import subjects

_CONNECT_SECONDS = 5
_CANCEL_SECONDS = 0.1
_RULE = "must be URLs such as nats://127.0.0.1:4222 or tls://nats.example.net:4222, with commas"


class BrokerUrlError(ValueError):
    """The text is not URLs of NATS servers; the message does not repeat it."""


class NatsUrl:
    """URLs of NATS servers, as a setting. Raises BrokerUrlError."""

    __slots__ = ("value",)

    def __init__(self, text: str) -> None:
        check_url(text)
        self.value = text


class AuthorityFile:
    """A file of PEM certificates that are trusted, as a setting; `value` is its text. Raises ValueError."""

    __slots__ = ("value",)

    def __init__(self, path: str) -> None:
        try:
            self.value = Path(path).read_text(encoding="ascii")
            ssl.create_default_context(cadata=self.value)
        except ssl.SSLError as error:
            raise ValueError("holds no certificates in PEM form") from error
        except UnicodeDecodeError as error:
            raise ValueError("holds no certificates in PEM form") from error
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror}") from error


class Broker(NamedTuple):
    """`url` may list several servers, separated by commas; `ca` is the PEM text of a private authority; `replicas` is
    on how many servers a stream is kept; `location` is that of an agent, whose credentials allow its own inbox only.

    TLS is required for servers that are not on this machine, and for those named `tls://`.
    """

    url: str
    credentials: Credentials | None = None
    ca: str | None = None
    replicas: int = 1
    location: str | None = None

    def options(self) -> dict[str, Any]:
        """The options for the client. Raises BrokerUrlError, or ssl.SSLError if `ca` holds no certificates."""
        servers = check_url(self.url)
        options: dict[str, Any] = {"servers": servers}
        if self.ca or any(needs_tls(server) for server in servers):
            options["tls"] = _tls(self.ca)
        if self.credentials is not None:
            jwt = self.credentials.jwt.encode()
            inbox = subjects.inbox_at(self.location) if self.location else subjects.inbox(self.credentials.user)
            options |= {
                "user_jwt_cb": lambda: bytearray(jwt),
                "signature_cb": self.credentials.sign,
                "inbox_prefix": inbox,
            }
        return options


@cache
def _tls(ca: str | None) -> ssl.SSLContext:
    """Kept, because reading the system's authorities takes 20 ms, again for each connection that a server refuses."""
    return ssl.create_default_context(cadata=ca)


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
    for an orderly close by a server that is gone, that reads on after a message with headers that are none, and that
    tells `refusals` what became of its attempts to log in.
    """

    def __init__(self, refusals: Refusals) -> None:
        super().__init__()
        self._refusals = refusals

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
            await transport.connect(s.uri, buffer_size=DEFAULT_BUFFER_SIZE, connect_timeout=_CONNECT_SECONDS)
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


async def connect(client: Client, broker: Broker, **callbacks: Any) -> None:
    """Connect, however long it takes, and reconnect for ever. Raises the client's errors and BrokerUrlError."""
    await client.connect(
        **broker.options(),
        connect_timeout=_CONNECT_SECONDS,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        ping_interval=10,
        max_outstanding_pings=2,
        **callbacks,
    )


def check_url(url: str) -> list[str]:
    """The servers of a setting. Raises BrokerUrlError, which says what is wrong."""
    servers = [server.strip() for server in url.split(",") if server.strip()]
    for server in servers:
        _check_server(server)
    if not servers:
        raise BrokerUrlError("must name a server")
    return servers


def _check_server(server: str) -> None:
    try:
        parts = urlsplit(server)
        port = parts.port
    except ValueError:
        raise BrokerUrlError(_RULE) from None
    if parts.username is not None:
        raise BrokerUrlError("must hold no user, password or token: Mailprobe logs in with keys")
    if parts.scheme not in {"nats", "tls"} or not parts.hostname or port == 0 or not server.isprintable():
        raise BrokerUrlError(_RULE)
    if not is_host(parts.hostname):
        raise BrokerUrlError("must name servers by a host name or an IP address")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise BrokerUrlError("must be URLs that end after host and port")


def needs_tls(server: str) -> bool:
    """Whether a connection to the server needs TLS: it is named tls://, or is not on this machine."""
    parts = urlsplit(server)
    host = parts.hostname or ""
    if parts.scheme == "tls":
        return True
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"
