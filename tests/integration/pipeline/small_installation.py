"""An installation for pipeline tests: one organization and customer, locations whose agents only send heartbeats."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec

from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.nats.bus import Bus, Message
from shared.nats.location_signing import LocationSigner
from shared.nats.nkeys import Role, new_seed
from shared.secret import Secret
from shared.wire import subjects
from shared.wire.batches import requests_in
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckRequest, CheckResult, Event, EventType, Heartbeat, PhaseTiming, Unfitness
from shared.wire.rounds import Purpose, check_id, next_due_ms
from shared.wire.sealing import new_key_pair
from shared.wire.targets import KINDS

Value = TypeVar("Value")


async def eventually(condition: Callable[[], Awaitable[Value]], within_seconds: float = 120.0) -> Value:
    """The first true value that `condition` returns; fails when there is none in time."""
    async with asyncio.timeout(within_seconds):
        while not (value := await condition()):
            await asyncio.sleep(0.02)
    return value


class SmallInstallation:
    def __init__(self, db: Database, bus: Bus) -> None:
        self.db = db
        self.bus = bus
        self.sealing_keys: dict[str, Secret] = {}
        self.signers: dict[str, LocationSigner] = {}
        self.organization = UUID(int=0)
        self.customer = UUID(int=0)
        self._customer_id = 0
        self._organization_id = 0

    async def begin(self, *countries: str) -> None:
        async with self.db.connection() as connection:
            row = await connection.fetchrow("INSERT INTO organization (name) VALUES ('O') RETURNING id, public_id")
            assert row
            self._organization_id, self.organization = row
            row = await connection.fetchrow(
                "INSERT INTO customer (organization_id, name) VALUES ($1, 'C') RETURNING id, public_id",
                self._organization_id,
            )
            assert row
            self._customer_id, self.customer = row
            for country in countries:
                private, public = new_key_pair()
                self.sealing_keys[country.lower()] = private
                await connection.execute(
                    "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $2, $2, $3)",
                    country.lower(),
                    country,
                    public,
                )
                self.signers[country.lower()] = await self.give_key(country.lower())

    async def give_key(self, location: str, seed: Secret | None = None) -> LocationSigner:
        """Give a location a key of this seed, or a new one."""
        signer = LocationSigner(seed or new_seed(Role.USER))
        await self.value(
            "INSERT INTO location_key (location_id, sealing_key, nats_user)"
            " SELECT id, public_key, $2 FROM location WHERE code = $1",
            location,
            signer.user,
        )
        return signer

    async def monitor(
        self,
        *,
        kind: str = "smtp",
        interval: int = 10,
        config: dict[str, Any] | None = None,
        countries: Any = None,
        due_in: tuple[float, float] | None = None,
    ) -> UUID:
        """Add a monitor whose first round is due now. `due_in` limits when the next one is due, in seconds from now; by
        default rounds of a minute or more are half an interval away, so that none falls into the test.
        """
        soonest, latest = due_in or ((0.4 * interval, 0.6 * interval) if interval >= 60 else (0, interval))
        public_id: UUID = await self.value(
            "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
            " timeout_seconds, allowed_check_country_codes, config, target_changed_at, public_id)"
            " VALUES ($1, $2, $6, 'M', 'smtp.example.com', 'active', $3, 5, $4, $5, clock_timestamp(), $7)"
            " RETURNING public_id",
            self._organization_id,
            self._customer_id,
            interval,
            countries,
            config or {},
            kind,
            _due_between(interval, soonest, latest),
        )
        return public_id

    async def value(self, query: str, *arguments: object) -> Any:
        async with self.db.connection() as connection:
            return await connection.fetchval(query, *arguments)

    async def rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        async with self.db.connection() as connection:
            return [tuple(row) for row in await connection.fetch(query, *arguments)]

    async def heartbeat(
        self,
        country: str,
        agent: str = "agent-1",
        kinds: tuple[str, ...] = KINDS,
        unfit: tuple[Unfitness, ...] = (),
        signer: LocationSigner | None = None,
        reads: tuple[str, ...] = (),
    ) -> None:
        """Send a heartbeat, which only a `signer` signs."""
        location = country.lower()
        now = utc_now()
        heartbeat = Heartbeat(
            agent=agent,
            location=location,
            country=country,
            kinds=list(kinds),
            version="0",
            started_at=now,
            sent_at=now,
            unfit=list(unfit),
            reads=list(reads),
        )
        subject, body = subjects.agent(country, location, agent), msgspec.json.encode(heartbeat)
        await self.bus.client.publish(subject, body, headers=signer.heartbeat(subject, body) if signer else None)

    async def heartbeats_taken(self) -> None:
        """Return when the location registry has handled all heartbeats sent so far; it takes one after the other."""
        assert await self.bus.request(subjects.agent("DE", "de", "test"), b"", 15)

    async def keep_agents(self) -> None:
        """Keep all agents known so far ready, however long the test takes."""
        await self.heartbeats_taken()
        await self.value("UPDATE agent SET last_seen_at = now() + interval '1 hour'")

    async def take_requests(self, country: str, wait_seconds: float = 0.3, *, kind: str = "smtp") -> list[CheckRequest]:
        """Take and acknowledge the requests in a location's queue."""
        consumer = await self.bus.consumer(subjects.CHECKS, subjects.check_consumer(country.lower(), kind))
        deliveries = await consumer.fetch(256, wait_seconds)
        for delivery in deliveries:
            await delivery.ack()
        await (
            self.bus.client.flush()
        )  # what came too late for the fetch has arrived now, and closing the consumer gives it back
        await consumer.close()
        bodies = [body for delivery in deliveries for body in requests_in(delivery.body)]
        return [msgspec.json.decode(body, type=CheckRequest) for body in bodies]

    async def report(
        self,
        result: CheckResult,
        *,
        expected: bool = True,
        signer: LocationSigner | None = None,
        body: bytes | None = None,
    ) -> None:
        """Publish a result, or `body` in its place, which only a `signer` signs. Its check is recorded as dispatched
        first, unless `expected` is false.
        """
        if expected:
            await self.value(
                "INSERT INTO dispatch (settle_at, monitor_ids, due_ats, location_ids, purpose, reason)"
                " SELECT now() + interval '1 hour', ARRAY[m.id], ARRAY[$3::timestamptz], ARRAY[l.id], $4, 'no_result'"
                " FROM monitor m, location l WHERE m.public_id = $1 AND l.code = $2",
                result.monitor_id,
                result.location,
                result.due_at,
                result.purpose.value,
            )
        subject, body = subjects.result(result.country, result.location), body or msgspec.json.encode(result)
        headers = signer.result(subject, body) if signer else {}
        await self.bus.publish(Message(subject, body, str(result.check_id), headers=headers))

    async def events(self) -> list[Event]:
        """Every result on EVENTS so far, in order."""
        return [msgspec.json.decode(body, type=Event) for body in await self.published(EventType.RESULT)]

    async def published(self, event_type: EventType) -> list[bytes]:
        """Every event of this type on EVENTS so far, in order."""
        manager = self.bus.client.jsm()
        state = (await manager.stream_info(subjects.EVENTS)).state
        numbers = range(state.first_seq, state.last_seq + 1) if state.messages else ()
        messages = [await manager.get_msg(subjects.EVENTS, number) for number in numbers]
        return [one.data or b"" for one in messages if str(one.subject).endswith(f".{event_type.value}")]


def _due_between(interval: int, soonest: float, latest: float) -> UUID:
    """A monitor id whose phase lies between so many seconds from now."""
    now = to_ms(utc_now())
    while True:
        public_id = uuid4()
        if soonest * 1000 <= next_due_ms(public_id, interval * 1000, 0, now) - now <= latest * 1000:
            return public_id


def a_result(
    monitor: UUID,
    country: str = "DE",
    *,
    due_at: datetime | None = None,
    purpose: Purpose = Purpose.SCHEDULED,
    source: FailureSource | None = None,
    agent: str = "agent-1",
    duration_ms: float = 12.5,
) -> CheckResult:
    """A success, or a failure with this source."""
    due = due_at or utc_now()
    failure = None
    if source:
        failure = Failure(kind=FailureKind.REFUSED, source=source, phase=Phase.CONNECT, detail="refused")
    return CheckResult(
        check_id=check_id(monitor, to_ms(due), country.lower(), purpose),
        monitor_id=monitor,
        location=country.lower(),
        country=country,
        agent=agent,
        purpose=purpose,
        due_at=due,
        started_at=due,
        duration_ms=duration_ms,
        failure=failure,
        phases=[PhaseTiming(phase=Phase.CONNECT, start_ms=0, duration_ms=1.5)],
        address="192.0.2.1",
        facts={"banner": "ready"},
    )
