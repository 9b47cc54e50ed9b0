"""An organization with a monitor, its incidents, and a controller that sends their notifications."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from controller.decisions.evaluation.state import MonitorState
from controller.notify.channels import ChannelGroup, Senders
from controller.pipeline.delivery.notifier import Notifier
from controller.pipeline.delivery.transports import TRANSPORTS
from controller.pipeline.notifications import incident_notifications
from controller.store.incidents import incidents
from controller.store.incidents.incidents import StoredChange, StoredIncident
from controller.store.maintenance import by_status
from controller.store.notifications import channels, claims
from controller.store.notifications.channels import NewChannel
from controller.store.notifications.claims import Claimed, Slots
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.clock import utc_now
from shared.wire import events
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.rounds import Purpose
from tests.fakes.smtp_sink import SmtpSink

Value = TypeVar("Value")

EVIDENCE = events.Evidence(
    due_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    purpose=Purpose.RECHECK,
    votes=[
        events.LocationEvidence(
            location="de",
            country="DE",
            ballot="failed",
            failure=Failure(
                kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="Connection refused"
            ),
        )
    ],
)


def evidence(due_at: datetime) -> events.Evidence:
    return msgspec.structs.replace(EVIDENCE, due_at=due_at)


async def eventually(condition: Callable[[], Awaitable[Value]], within_seconds: float = 120.0) -> Value:
    """The first true value that `condition` returns; fails when there is none in time."""
    async with asyncio.timeout(within_seconds):
        while not (value := await condition()):
            await asyncio.sleep(0.02)
    return value


class NotificationCase:
    """`grouping`: whether incidents of one cause are reported together."""

    grouping = False

    def __init__(self, db: Database, vault: Vault, senders: Senders) -> None:
        self.db = db
        self.vault = vault
        self.senders = senders
        self.organization = self.customer = self.monitor_id = 0

    async def begin(self) -> None:
        self.organization = await self.value(
            "INSERT INTO organization (name, time_zone, grouping) VALUES ('Acme', 'Europe/Berlin', $1) RETURNING id",
            {"enabled": self.grouping},
        )
        self.customer = await self.value(
            "INSERT INTO customer (organization_id, name) VALUES ($1, 'Bakery') RETURNING id", self.organization
        )
        self.monitor_id = await self.monitor()

    async def monitor(
        self,
        *,
        kind: str = "smtp",
        hostname: str = "mx.example.com",
        status: str = "active",
        config: dict[str, Any] | None = None,
        notification_email: str | None = None,
    ) -> int:
        """Add a monitor of the customer."""
        number: int = await self.value(
            "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
            " timeout_seconds, config, notification_email)"
            " VALUES ($1, $2, $3, 'Office mail', $4, $5, 60, 5, $6, $7) RETURNING id",
            self.organization,
            self.customer,
            kind,
            hostname,
            status,
            config or {},
            notification_email,
        )
        return number

    async def channel(self, type_: str, name: str, config: dict[str, Any], **fields: Any) -> int:
        """Add a channel of the organization, or of a customer or monitor with `customer_id` or `monitor_id`."""
        stored = self.vault.conceal(config, None, field="config")
        new = NewChannel(organization_id=self.organization, type=type_, name=name, config=stored, **fields)
        made = await channels.insert(self.db, new)
        assert made
        return made.id

    async def opened(
        self, monitor: int | None = None, *, severity: str = "down", due_at: datetime | None = None
    ) -> StoredIncident:
        """Confirm an outage, by checks due at that moment or now, and enqueue its notifications."""
        new = incidents.NewIncident(
            organization_id=self.organization,
            customer_id=self.customer,
            monitor_id=monitor or self.monitor_id,
            severity=severity,
            reason="1 of 1 country cannot connect: refused",
            failure=None,
            evidence=evidence(due_at or utc_now()),
            outage_started_at=due_at or utc_now(),
        )
        async with self.db.transaction() as connection:
            incident, change = await incidents.open_incident(connection, new)
            await incident_notifications.enqueue(connection, incident, change)
        return incident

    async def changed(
        self, incident: StoredIncident, kind: str, severity: str = "down", *, due_at: datetime | None = None
    ) -> StoredChange:
        async with self.db.transaction() as connection:
            incident, change = await incidents.append_change(
                connection,
                incident.id,
                kind=kind,
                severity=severity,
                reason="changed",
                evidence=evidence(due_at or utc_now()),
            )
            await incident_notifications.enqueue(connection, incident, change)
        return change

    async def resolved(self, incident: StoredIncident) -> StoredChange:
        async with self.db.transaction() as connection:
            ended = await incidents.resolve(
                connection, incident.id, reason="1 of 1 country passes", evidence=evidence(utc_now())
            )
            assert ended is not None
            await incident_notifications.enqueue(connection, *ended)
        return ended[1]

    async def evaluated(self, state: MonitorState, monitor: int | None = None) -> None:
        """Have this be what the latest evaluation left."""
        await self.value(
            "INSERT INTO monitor_state (monitor_id, state, verdict, stable) VALUES ($1, $2::json, $3, false)"
            " ON CONFLICT (monitor_id) DO UPDATE SET state = EXCLUDED.state, verdict = EXCLUDED.verdict",
            monitor or self.monitor_id,
            state,
            state.verdict.value,
        )

    def notifier(self) -> Notifier:
        return Notifier(self.db, self.vault, self.senders)

    @asynccontextmanager
    async def notifying(self) -> AsyncIterator[Notifier]:
        """A controller sends notifications until the end of the block."""
        notifier = self.notifier()
        task = asyncio.create_task(notifier.run())
        try:
            yield notifier
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def deliver_due(self) -> None:
        """Send until nothing is due."""
        async with self.notifying():
            await self.nothing_due()

    async def nothing_due(self) -> None:
        async def condition() -> bool:
            # Timestamps are rounded to milliseconds, so what is due now may seem to be due slightly later.
            left: int = await self.value(
                "SELECT count(*) FROM delivery WHERE state = 'waiting'"
                " AND (next_at <= now() + interval '1 second' OR claimed_until > now())"
            )
            return left == 0

        await eventually(condition)

    async def states(self) -> dict[str, list[str]]:
        """The states of each receiver's deliveries, in order."""
        found: dict[str, list[str]] = {}
        for receiver, state in await self.rows("SELECT receiver, state FROM delivery ORDER BY id"):
            found.setdefault(receiver, []).append(state)
        return found

    async def hasten(self) -> None:
        """Make every waiting delivery due now."""
        await self.value("UPDATE delivery SET next_at = now() - interval '1 second' WHERE state = 'waiting'")
        await self.hasten_lanes()

    async def hasten_lanes(self) -> None:
        """End the pause of every receiver that fails, and look at every lane now."""
        await self.value("UPDATE delivery_lane SET due_at = now() - interval '1 second', paused_until = NULL")

    async def claim(self, *, free: int = 100) -> list[Claimed]:
        """Claim as a controller does that has so many free slots of each transport."""
        await claims.sort_new(self.db, TRANSPORTS)
        slots = [Slots(group, failing, free) for group in ChannelGroup for failing in (False, True)]
        return await claims.claim(self.db, slots, lasts=timedelta(seconds=30))

    async def value(self, query: str, *arguments: object) -> Any:
        async with self.db.connection() as connection:
            return await connection.fetchval(query, *arguments)

    async def rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        async with self.db.connection() as connection:
            return [tuple(row) for row in await connection.fetch(query, *arguments)]


async def addressed(
    case: NotificationCase,
    *,
    notification_email: str | None = None,
    notification_phone_number: str | None = None,
    in_maintenance: bool | None = None,
    customer_notification_email: str | None = None,
) -> None:
    """Change what is given of the monitor and its customer."""
    await case.value(
        "UPDATE monitor SET notification_email = COALESCE($2, notification_email),"
        " notification_phone_number = COALESCE($3, notification_phone_number) WHERE id = $1",
        case.monitor_id,
        notification_email,
        notification_phone_number,
    )
    if in_maintenance is not None:
        async with case.db.transaction() as connection:
            await by_status.keep(connection, {case.monitor_id: in_maintenance}, utc_now())
    await case.value(
        "UPDATE customer SET notification_email = COALESCE($2, notification_email) WHERE id = $1",
        case.customer,
        customer_notification_email,
    )


def subjects(mail: SmtpSink, receiver: str) -> list[str]:
    """Without the causes."""
    return [headline(one.message["Subject"]) for one in mail.to(receiver)]


def headline(subject: object) -> str:
    """The subject of a mail without the cause."""
    return str(subject).partition(" \N{EN DASH} ")[0]
