"""The operator's mail relay, and the dialogue with it up to the login. A connection serves many mails."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

import aiosmtplib
import msgspec

from controller.notify.errors import DeliveryError, Fault, certificate_problem
from controller.notify.tls_context import KeptTlsContext
from shared.secret import Secret

MOST_CONNECTIONS = 8
_IDLE_SECONDS = 5.0
_MOST_MAILS = 100
"""Some relays limit how many mails they take from one connection."""

_QUIT_SECONDS = 1.0
_LONGEST_REPLY = 200


class RelayTls(StrEnum):
    AUTO = "auto"  # STARTTLS where the relay offers it; required for a login
    STARTTLS = "starttls"
    IMPLICIT = "implicit"  # TLS from the first byte
    NONE = "none"


_PORTS = {RelayTls.AUTO: 25, RelayTls.STARTTLS: 587, RelayTls.IMPLICIT: 465, RelayTls.NONE: 25}


class Relay(msgspec.Struct, frozen=True, kw_only=True):
    """The mail relay. `sender` is an address, with or without a display name. The relay's certificate is verified,
    except with tls auto and no login, where encryption is opportunistic.
    """

    host: str
    sender: str
    port: int | None = None
    tls: RelayTls = RelayTls.AUTO
    user: str | None = None
    password: Secret | None = None

    @property
    def requires_tls(self) -> bool:
        """Whether to connect only with TLS and a valid certificate."""
        return self.tls is not RelayTls.NONE and not (self.tls is RelayTls.AUTO and self.user is None)


class RelayConnection:
    """A connection that is logged in, if the relay has a login. `mails` counts those it was used for."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        self.client = client
        self.mails = 0
        self.free_since = time.monotonic()

    @property
    def is_usable(self) -> bool:
        idle = time.monotonic() - self.free_since
        return self.client.is_connected and self.mails < _MOST_MAILS and idle < _IDLE_SECONDS

    async def end(self) -> None:
        """Say QUIT, if the connection still works, and close it."""
        try:
            if self.client.is_connected:
                with suppress(aiosmtplib.SMTPException, OSError):
                    await self.client.quit(timeout=_QUIT_SECONDS)
        finally:
            self.client.close()


class RelayConnections:
    """Connections to the relay. The relay may take `step_seconds` for each step of the dialogue."""

    def __init__(self, relay: Relay, step_seconds: float) -> None:
        self._relay = relay
        self._step_seconds = step_seconds
        self._tls = KeptTlsContext(lambda: _tls_context(relay))
        self._slots = asyncio.Semaphore(MOST_CONNECTIONS)
        self._free: list[RelayConnection] = []
        self._keeping = False

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Within the block a connection stays open for the next mail, for some seconds. Otherwise it ends after one."""
        self._keeping = True
        reaper = asyncio.create_task(self._end_idle(), name="relay-connections")
        try:
            yield
        finally:
            self._keeping = False
            reaper.cancel()
            await asyncio.gather(reaper, return_exceptions=True)
            free, self._free = self._free, []
            await asyncio.gather(*(each.end() for each in free))

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[RelayConnection]:
        """A connection for one mail, used before or new. It is kept for others unless the block raises anything but a
        refusal of the mail. Raises DeliveryError.
        """
        async with self._slots:
            connection = self._pop() or await self.connect()
            connection.mails += 1
            reusable = False
            try:
                yield connection
                reusable = True
            except DeliveryError as error:
                reusable = error.status is not None and await _cleared(connection)
                raise
            finally:
                connection.free_since = time.monotonic()
                if reusable and self._keeping and connection.is_usable:
                    self._free.append(connection)
                else:
                    await connection.end()

    async def connect(self) -> RelayConnection:
        """A new connection, logged in, which its caller ends. Raises DeliveryError."""
        relay = self._relay
        async with connecting():
            client = await self._client()
            try:
                await client.connect()
                if relay.user is not None:
                    await client.login(relay.user, relay.password.reveal() if relay.password else "")
            except BaseException:
                await RelayConnection(client).end()
                raise
        return RelayConnection(client)

    def _pop(self) -> RelayConnection | None:
        """The connection that was used last, so that those that are not needed become idle."""
        return self._free.pop() if self._free and self._free[-1].is_usable else None

    async def _end_idle(self) -> None:
        while True:
            await asyncio.sleep(_IDLE_SECONDS / 5)
            ended = [each for each in self._free if not each.is_usable]
            self._free = [each for each in self._free if each.is_usable]
            await asyncio.gather(*(each.end() for each in ended))

    async def _client(self) -> aiosmtplib.SMTP:
        relay = self._relay
        upgrades = {RelayTls.IMPLICIT: False, RelayTls.NONE: False}
        return aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port or _PORTS[relay.tls],
            use_tls=relay.tls is RelayTls.IMPLICIT,
            start_tls=upgrades.get(relay.tls, True if relay.requires_tls else None),
            tls_context=None if relay.tls is RelayTls.NONE else await self._tls.current(),
            timeout=self._step_seconds,
        )


@asynccontextmanager
async def connecting() -> AsyncIterator[None]:
    """Every failure in the block is temporary, and the same for every mail. Raises DeliveryError."""
    fault = Fault.TRANSPORT
    try:
        yield
    except aiosmtplib.SMTPAuthenticationError as error:
        message = f"the mail relay refused the login ({error.code})"
        raise DeliveryError(message, permanent=False, status=error.code, fault=fault) from error
    except aiosmtplib.SMTPTimeoutError as error:
        raise DeliveryError("the mail relay did not answer in time", permanent=False, fault=fault) from error
    except aiosmtplib.SMTPResponseException as error:
        message = refusal("the mail relay refused the connection", error)
        raise DeliveryError(message, permanent=False, status=error.code, fault=fault) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        if problem := certificate_problem(error):
            message = f"the certificate of the mail relay is not valid: {problem}"
        else:
            message = "cannot connect to the mail relay, or TLS with it failed"
        raise DeliveryError(message, permanent=False, fault=fault) from error


def refusal(what: str, error: aiosmtplib.SMTPResponseException) -> str:
    reply = "".join(letter if letter.isprintable() else " " for letter in error.message)
    return f"{what}: {error.code} {' '.join(reply.split())}"[:_LONGEST_REPLY]


def _tls_context(relay: Relay) -> ssl.SSLContext:
    if relay.requires_tls:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _cleared(connection: RelayConnection) -> bool:
    """Whether the connection is ready for another mail after one that was refused."""
    try:
        await connection.client.rset(timeout=_QUIT_SECONDS)
    except (aiosmtplib.SMTPException, OSError):
        return False
    return True
