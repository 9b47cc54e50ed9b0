"""Sends e-mail through the operator's relay. The mails of one incident to one receiver form a thread (RFC 5322 section
3.6.4). They are marked as sent by a machine (RFC 3834), so that no autoresponder answers. Digests, and no other mails,
can be ended by a click in a mail program (RFC 2369, RFC 8058).
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Self
from uuid import UUID

import aiosmtplib
import msgspec

from controller.decisions.notification.destination_warnings import domain_of
from controller.notify.email.relay import Relay, RelayConnection, RelayConnections, connecting, refusal
from controller.notify.email.wire import WIRE
from controller.notify.errors import DeliveryError, Fault, SkippedError
from controller.notify.notice import PlainNotice
from controller.notify.sending import Sending

ONE_CLICK = "List-Unsubscribe=One-Click"
_CLOSING = 421
_REFERENCES = 20
_STEP_SECONDS = 15.0
_SCAN_SECONDS = 60.0
"""Many relays scan a mail for viruses before they accept it. A client that hangs up too early makes the relay send it
twice (RFC 5321 section 4.5.3.2.6, which recommends ten minutes)."""


class EmailSender:
    """The relay may take `step_seconds` for each step of the dialogue, and `scan_seconds` to accept the mail itself."""

    def __init__(
        self, relay: Relay | None, *, step_seconds: float = _STEP_SECONDS, scan_seconds: float = _SCAN_SECONDS
    ) -> None:
        self._relay = relay
        self._connections = RelayConnections(relay, step_seconds) if relay else None
        self._scan_seconds = scan_seconds
        self._reached_at = float("-inf")

    @asynccontextmanager
    async def keeping_connections(self) -> AsyncIterator[Self]:
        """Within the block a connection to the relay serves many mails; otherwise each ends after one mail."""
        async with self._connections.kept() if self._connections else nullcontext():
            yield self

    async def reach(self, within_seconds: float) -> None:
        """Make sure that the relay works up to EHLO, with TLS as configured: if nothing reached it within that time,
        connect, say EHLO and QUIT. Does nothing when no relay is configured. Raises DeliveryError.
        """
        if self._connections is None or time.monotonic() - self._reached_at < within_seconds:
            return
        async with self._reaching():
            connection = await self._connections.connect()
            try:
                async with connecting():
                    if connection.client.is_ehlo_or_helo_needed:  # connect() may have said it, to learn of STARTTLS
                        await connection.client.ehlo()
            finally:
                await connection.end()

    async def send(self, sending: Sending) -> str:
        """The relay's reply to the mail. Raises DeliveryError: permanent when the relay refuses the mail or its
        receiver with a final code, temporary when the relay itself has a problem. Raises SkippedError when no relay is
        configured.
        """
        relay = self._relay
        if relay is None or self._connections is None:
            raise SkippedError("no mail relay is configured (MAILPROBE_SMTP_HOST)")
        sending = msgspec.structs.replace(sending, receiver=_on_the_wire(sending.receiver))
        mail = compose(sending, relay.sender)
        async with self._reaching():
            while True:
                try:
                    async with self._connections.lent() as connection:
                        return await self._hand_over(connection, mail, relay, sending.receiver)
                except _EndedError:
                    continue

    @asynccontextmanager
    async def _reaching(self) -> AsyncIterator[None]:
        self._reached_at = float("-inf")
        yield
        self._reached_at = time.monotonic()

    async def _hand_over(self, connection: RelayConnection, mail: EmailMessage, relay: Relay, receiver: str) -> str:
        """The reply. Raises DeliveryError, _EndedError."""
        client = connection.client
        options = [] if receiver.isascii() else ["SMTPUTF8"]
        try:
            if options and not client.supports_extension("smtputf8"):
                raise DeliveryError("the mail relay does not accept international addresses", permanent=True)
            await _begin(connection, parseaddr(relay.sender)[1], options)
            await client.rcpt(receiver, encoding="utf-8")
            reply = await client.data(mail.as_bytes(), timeout=self._scan_seconds)
        except aiosmtplib.SMTPTimeoutError as error:
            message = "the mail relay did not answer in time"
            raise DeliveryError(message, permanent=False, fault=Fault.TRANSPORT) from error
        except aiosmtplib.SMTPResponseException as error:
            # RFC 5321 section 4.2.1: 5yz is final, and 421 may come at any time.
            raise DeliveryError(
                refusal("the mail relay refused the mail", error),
                permanent=error.code >= 500,
                status=error.code,
                fault=_fault(error),
            ) from error
        except (aiosmtplib.SMTPException, OSError) as error:
            message = "the mail relay closed the connection"
            raise DeliveryError(message, permanent=False, fault=Fault.TRANSPORT) from error
        return f"{reply.code} {reply.message}"


class _EndedError(Exception):
    """The relay had ended a connection that was used before, so that a new one is needed."""


async def _begin(connection: RelayConnection, sender: str, options: list[str]) -> None:
    """Say MAIL FROM. Raises _EndedError."""
    try:
        await connection.client.mail(sender, options=options, encoding="utf-8")
    except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPSenderRefused, OSError) as error:
        ended = not isinstance(error, aiosmtplib.SMTPSenderRefused) or error.code == _CLOSING
        if ended and connection.mails > 1:
            raise _EndedError from error
        raise


def _fault(error: aiosmtplib.SMTPResponseException) -> Fault:
    """A refused recipient concerns that mailbox; any other temporary code, and 421 at any time, concern all mail."""
    if error.code >= 500 or (isinstance(error, aiosmtplib.SMTPRecipientRefused) and error.code != _CLOSING):
        return Fault.MESSAGE
    return Fault.TRANSPORT


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
        mail["References"] = " ".join(_message_id(key, domain) for key in _referenced(sending.previous_keys))
    elif isinstance(sending.notice, PlainNotice) and sending.notice.subject_id:
        mail["References"] = f"<{sending.notice.subject_id}@{domain}>"
    if link := sending.message.unsubscribe_link:
        mail["List-Unsubscribe"] = f"<{link}>"
        if link.startswith("https:"):  # RFC 8058 section 3.1
            mail["List-Unsubscribe-Post"] = ONE_CLICK
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail.set_content(sending.message.text)
    mail.add_alternative(sending.message.html, subtype="html")
    return mail


def _referenced(keys: tuple[UUID, ...]) -> tuple[UUID, ...]:
    """All of a short thread. Of a long one its first mail, by which mail programs find it, and the latest ones."""
    return keys if len(keys) <= _REFERENCES else (keys[0], *keys[1 - _REFERENCES :])


def _on_the_wire(address: str) -> str:
    """Write an international domain as A-labels, which any relay accepts; a local part needs SMTPUTF8 (RFC 6531)."""
    local, _, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{domain_of(address) or domain}"


def _date(sending: Sending) -> datetime:
    return sending.at.replace(microsecond=0)


def _message_id(key: UUID, domain: str) -> str:
    return f"<{key}@{domain}>"
