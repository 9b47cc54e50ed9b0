"""Sends e-mail through the operator's relay. The mails of one incident to one receiver form a thread (RFC 5322 section
3.6.4). They are marked as sent by a machine (RFC 3834), so that no autoresponder answers.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime, parseaddr
from enum import StrEnum
from uuid import UUID

import aiosmtplib
import msgspec

from controller.decisions.notification.destination_warnings import domain_of
from controller.notify.errors import DeliveryError, SkippedError, certificate_problem
from controller.notify.notice import PlainNotice
from controller.notify.sending import Sending
from shared.secret import Secret

_STEP_SECONDS = 15.0
_SCAN_SECONDS = 60.0
"""Many relays scan a mail for viruses before they accept it. A client that hangs up too early makes the relay send it
twice (RFC 5321 section 4.5.3.2.6, which recommends ten minutes)."""

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


class EmailSender:
    """The relay may take `step_seconds` for each step of the dialogue, and `scan_seconds` to accept the mail itself."""

    def __init__(
        self, relay: Relay | None, *, step_seconds: float = _STEP_SECONDS, scan_seconds: float = _SCAN_SECONDS
    ) -> None:
        self._relay = relay
        self._step_seconds = step_seconds
        self._scan_seconds = scan_seconds
        self._reached_at = float("-inf")

    async def reach(self, within_seconds: float) -> None:
        """Make sure that the relay works up to EHLO, with TLS as configured: if nothing reached it within that time,
        connect, say EHLO and QUIT. Does nothing when no relay is configured. Raises DeliveryError.
        """
        relay = self._relay
        if relay is None or time.monotonic() - self._reached_at < within_seconds:
            return
        async with self._session(relay) as client, _connecting():
            if client.is_ehlo_or_helo_needed:  # with STARTTLS it was said already
                await client.ehlo()

    async def send(self, sending: Sending) -> None:
        """Raises DeliveryError: permanent when the relay refuses the mail or its receiver with a final code, temporary
        when the relay itself has a problem. Raises SkippedError when no relay is configured.
        """
        relay = self._relay
        if relay is None:
            raise SkippedError("no mail relay is configured (MAILPROBE_SMTP_HOST)")
        sending = msgspec.structs.replace(sending, receiver=_on_the_wire(sending.receiver))
        mail = compose(sending, relay.sender)
        async with self._session(relay) as client:
            await _log_in(client, relay)
            await _hand_over(client, mail, relay, sending.receiver, scan_seconds=self._scan_seconds)

    @asynccontextmanager
    async def _session(self, relay: Relay) -> AsyncIterator[aiosmtplib.SMTP]:
        """A connection to the relay, which ends with QUIT. Raises DeliveryError."""
        client = _client(relay, self._step_seconds)
        self._reached_at = float("-inf")
        try:
            async with _connecting():
                await client.connect()
            yield client
            self._reached_at = time.monotonic()
        finally:
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=1.0)
            client.close()


def compose(sending: Sending, sender: str) -> EmailMessage:
    """The mail with its headers. The same key makes the same Message-ID, so that a duplicate can be recognized."""
    domain = parseaddr(sender)[1].rpartition("@")[2]
    mail = EmailMessage(policy=WIRE if sending.receiver.isascii() else WIRE.clone(utf8=True))
    mail["From"] = sender
    mail["To"] = sending.receiver
    mail["Subject"] = sending.message.subject
    mail["Date"] = format_datetime(_date(sending))
    mail["Message-ID"] = _message_id(sending.key, domain)
    if sending.previous_keys:
        mail["In-Reply-To"] = _message_id(sending.previous_keys[-1], domain)
        mail["References"] = " ".join(_message_id(key, domain) for key in sending.previous_keys)
    elif isinstance(sending.notice, PlainNotice) and sending.notice.subject_id:
        mail["References"] = f"<{sending.notice.subject_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(sending.message.text)
    mail.add_alternative(sending.message.html, subtype="html")
    return mail


def _on_the_wire(address: str) -> str:
    """Write an international domain as A-labels, which any relay accepts; a local part needs SMTPUTF8 (RFC 6531)."""
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{domain_of(address) or domain}"


def _date(sending: Sending) -> datetime:
    return sending.at.replace(microsecond=0)


def _message_id(key: UUID, domain: str) -> str:
    return f"<{key}@{domain}>"


def _client(relay: Relay, step_seconds: float) -> aiosmtplib.SMTP:
    tls_required = relay.tls is RelayTls.STARTTLS or (relay.tls is RelayTls.AUTO and relay.user is not None)
    upgrades = {RelayTls.IMPLICIT: False, RelayTls.NONE: False, RelayTls.STARTTLS: True}
    context = ssl.create_default_context()
    if relay.tls is RelayTls.AUTO and not tls_required:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return aiosmtplib.SMTP(
        hostname=relay.host,
        port=relay.port or _PORTS[relay.tls],
        use_tls=relay.tls is RelayTls.IMPLICIT,
        start_tls=True if tls_required else upgrades.get(relay.tls),
        tls_context=context,
        timeout=step_seconds,
    )


async def _log_in(client: aiosmtplib.SMTP, relay: Relay) -> None:
    """Raises DeliveryError."""
    if relay.user is not None:
        async with _connecting():
            await client.login(relay.user, relay.password.reveal() if relay.password else "")


@asynccontextmanager
async def _connecting() -> AsyncIterator[None]:
    """Every failure in the block is temporary, because it is independent of the mail. Raises DeliveryError."""
    try:
        yield
    except aiosmtplib.SMTPAuthenticationError as error:
        message = f"the mail relay refused the login ({error.code})"
        raise DeliveryError(message, permanent=False, status=error.code) from error
    except aiosmtplib.SMTPTimeoutError as error:
        raise DeliveryError("the mail relay did not answer in time", permanent=False) from error
    except aiosmtplib.SMTPResponseException as error:
        raise DeliveryError(
            _refusal("the mail relay refused the connection", error), permanent=False, status=error.code
        ) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        if problem := certificate_problem(error):
            message = f"the certificate of the mail relay is not valid: {problem}"
        else:
            message = "cannot connect to the mail relay, or TLS with it failed"
        raise DeliveryError(message, permanent=False) from error


async def _hand_over(
    client: aiosmtplib.SMTP, mail: EmailMessage, relay: Relay, receiver: str, *, scan_seconds: float
) -> None:
    options = [] if receiver.isascii() else ["SMTPUTF8"]
    if options and not client.supports_extension("smtputf8"):
        raise DeliveryError("the mail relay does not accept international addresses", permanent=True)
    try:
        await client.mail(parseaddr(relay.sender)[1], options=options, encoding="utf-8")
        await client.rcpt(receiver, encoding="utf-8")
        await client.data(mail.as_bytes(), timeout=scan_seconds)
    except aiosmtplib.SMTPTimeoutError as error:
        raise DeliveryError("the mail relay did not answer in time", permanent=False) from error
    except aiosmtplib.SMTPResponseException as error:
        # RFC 5321 section 4.2.1: 5yz is final, and 421 may come at any time.
        raise DeliveryError(
            _refusal("the mail relay refused the mail", error), permanent=error.code >= 500, status=error.code
        ) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise DeliveryError("the mail relay closed the connection", permanent=False) from error


def _refusal(what: str, error: aiosmtplib.SMTPResponseException) -> str:
    reply = "".join(letter if letter.isprintable() else " " for letter in error.message)
    return f"{what}: {error.code} {' '.join(reply.split())}"[:_LONGEST_REPLY]
