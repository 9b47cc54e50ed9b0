"""The broker's address, our credentials, and the options to connect with. `shared.nats.client` connects, and
`shared.nats.bus` owns the connections.
"""

from __future__ import annotations

import ssl
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from nats.aio.client import Client

from shared.host_names import is_host
from shared.nats.credentials import Credentials
from shared.wire import subjects

CONNECT_SECONDS = 5
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


async def connect(client: Client, broker: Broker, **callbacks: Any) -> None:
    """Connect, however long it takes, and reconnect for ever. Raises the client's errors and BrokerUrlError."""
    await client.connect(
        **broker.options(),
        connect_timeout=CONNECT_SECONDS,
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
