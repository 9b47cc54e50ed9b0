"""Read the calendars of rotas again and again. While one cannot be read, the last good one holds; after some hours its
organization is told so, once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus

import msgspec
import structlog

from controller.decisions.maintenance.ical_import import MOST_BYTES
from controller.decisions.on_call.rota_calendar import shifts_in
from controller.errors import InvalidError
from controller.notify.errors import DeliveryError
from controller.notify.notice import PlainNotice
from controller.notify.webhook.sender import Request, WebhookSender
from controller.off_loop import off_loop
from controller.pipeline.notifications.recipient_channels import reached
from controller.store.evaluation import evaluations
from controller.store.notifications import deliveries
from controller.store.notifications.deliveries import NewDelivery
from controller.store.on_call import rotas
from controller.store.on_call.reachable import organization_channels
from controller.store.on_call.rotas import ToFetch
from controller.store.platform.pool import Connection, Database, StoreUnavailableError
from controller.vault import Vault, VaultError

log = structlog.get_logger()

CALENDARS_SECONDS = 5.0
FETCH_EVERY = timedelta(minutes=15)
WARN_AFTER = timedelta(hours=6)
_TIMEOUT = 20.0
_UNREADABLE = "what it answers is not a calendar"


class Calendars:
    """Reads calendars only from addresses to which webhooks may be sent."""

    def __init__(self, db: Database, vault: Vault, web: WebhookSender) -> None:
        self._db = db
        self._vault = vault
        self._web = web

    async def read_due(self) -> None:
        """Read those that are due. Raises StoreUnavailableError."""
        for one in await rotas.claim_fetches(self._db, every=FETCH_EVERY):
            try:
                await self._read(one)
            except StoreUnavailableError:
                raise
            except Exception:
                log.exception("rota_failed", rota_id=one.id)

    async def _read(self, one: ToFetch) -> None:
        try:
            content = await self._fetch(str(self._vault.decrypt(one.url)))
            events, skipped = await off_loop(shifts_in, content, one.time_zone)
        except DeliveryError as error:
            await self._failed(one, str(error))
        except VaultError:
            await self._failed(one, "its URL cannot be decrypted with the keys of this installation")
        except InvalidError as error:
            await self._failed(one, f"the URL {error.rule}")
        else:
            async with self._db.transaction() as connection:
                before = await rotas.fetched(connection, one, events, skipped)
                if before is not None and before.warned_at is not None:
                    now = await evaluations.now(connection)
                    await _tell(connection, one, _over(one, now))

    async def _fetch(self, url: str) -> bytes:
        """Raises DeliveryError, whose text does not hold the URL."""
        headers = {"User-Agent": "Mailprobe", "Accept": "text/calendar", "Accept-Encoding": "identity"}
        answer = await self._web.exchange(
            Request(method="GET", url=url, headers=headers, body=b"", timeout=_TIMEOUT, most_read=MOST_BYTES + 1)
        )
        if answer.status != HTTPStatus.OK:
            moved = ": enter the address to which it redirects" if 300 <= answer.status < 400 else ""
            raise DeliveryError(f"the calendar's server answered {answer.status}{moved}", permanent=False)
        return answer.body

    async def _failed(self, one: ToFetch, problem: str) -> None:
        log.warning("rota_not_read", rota_id=one.id, error=problem)
        async with self._db.transaction() as connection:
            failing = await rotas.failed(connection, one, problem)
            now = await evaluations.now(connection)
            if failing is None or failing.failing_since is None or failing.warned_at is not None:
                return
            if now - failing.failing_since >= WARN_AFTER:
                await rotas.warned(connection, one.id)
                await _tell(connection, one, _begun(one, problem, failing.failing_since, now))


async def _tell(connection: Connection, one: ToFetch, notice: PlainNotice) -> None:
    """Each channel of the organization."""
    receivers = [
        NewDelivery(channel.id, channel.name, channel.type, receiver)
        for channel in await organization_channels(connection, one.organization_id)
        for receiver in reached(channel)
    ]
    await deliveries.insert(connection, one.organization_id, msgspec.to_builtins(notice), receivers)


def _begun(one: ToFetch, problem: str, since: datetime, now: datetime) -> PlainNotice:
    hours = round((now - since).total_seconds() / 3600)
    return PlainNotice(
        title=f"The calendar of the rota {one.name} cannot be read",
        paragraphs=[
            f"For {hours} hours: {problem}.",
            "Until it can be read again, those are on call whom it named last. See to its URL, or enter an override.",
        ],
        at=now,
        time_zone=one.time_zone,
        subject_id=_subject(one),
        path="/settings/rotas",
    )


def _over(one: ToFetch, now: datetime) -> PlainNotice:
    return PlainNotice(
        title=f"The calendar of the rota {one.name} can be read again",
        paragraphs=["It says who is on call."],
        at=now,
        time_zone=one.time_zone,
        over=True,
        subject_id=_subject(one),
        path="/settings/rotas",
    )


def _subject(one: ToFetch) -> str:
    return f"rota-{one.id}"
