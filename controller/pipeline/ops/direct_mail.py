"""Mail to the addresses of MAILPROBE_OPS_EMAIL that needs neither PostgreSQL nor NATS: it waits in memory until the
relay has it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import msgspec
import structlog

from controller.decisions.notification.retries import pause_after
from controller.model.values.public_url import PublicUrl
from controller.notify.email.sender import EmailSender
from controller.notify.errors import DeliveryError, SkippedError
from controller.notify.message import render
from controller.notify.notice import PlainNotice
from controller.notify.sending import Sending
from shared.clock import utc_now

log = structlog.get_logger()

DIRECT_MAIL_SECONDS = 1.0
_SEND_SECONDS = 150.0
_MOST_WAITING = 100


class _WaitingMail(msgspec.Struct):
    key: UUID
    receiver: str
    notice: PlainNotice
    due_at: float
    attempts: int = 0


class DirectMail:
    """`clock` gives monotonic seconds."""

    def __init__(
        self,
        sender: EmailSender,
        addresses: Sequence[str],
        public_url: PublicUrl | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sender = sender
        self._addresses = addresses
        self._public_url = public_url or PublicUrl()
        self._clock = clock
        self._waiting: list[_WaitingMail] = []

    def put(self, notice: PlainNotice) -> None:
        """Send this notice to every address soon."""
        now = self._clock()
        self._waiting += [_WaitingMail(uuid4(), address, notice, now) for address in self._addresses]
        del self._waiting[:-_MOST_WAITING]

    async def send_due(self) -> None:
        """Try each mail that is due once."""
        for mail in [mail for mail in self._waiting if mail.due_at <= self._clock()]:
            mail.attempts += 1
            pause = None
            try:
                await self._send(mail)
            except SkippedError as error:
                log.info("ops_mail_skipped", reason=str(error))
            except (DeliveryError, TimeoutError) as error:
                if not (isinstance(error, DeliveryError) and error.permanent):
                    pause = pause_after(mail.attempts)
                again_in = pause and pause.total_seconds()
                log.warning("ops_mail_failed", error=str(error) or "it took too long", again_in=again_in)
            else:
                log.info("ops_mail_sent", title=mail.notice.title)
            if pause is not None:
                mail.due_at = self._clock() + pause.total_seconds()
            elif mail in self._waiting:
                self._waiting.remove(mail)

    async def _send(self, mail: _WaitingMail) -> None:
        """Raises SkippedError, DeliveryError, TimeoutError."""
        sending = Sending(
            key=mail.key,
            receiver=mail.receiver,
            config={},
            notice=mail.notice,
            message=render(mail.notice, self._public_url),
            attempt=mail.attempts,
            at=utc_now(),
        )
        async with asyncio.timeout(_SEND_SECONDS):
            await self._sender.send(sending)
