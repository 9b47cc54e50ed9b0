"""A small world for pipeline tests: one organization and customer, locations with agents that only send heartbeats."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from controller.store.pool import Database
from shared import subjects
from shared.bus import Bus, Message
from shared.clock import utc_now
from shared.failures import Failure, FailureKind, FailureSource, Phase
from shared.messages import CheckRequest, CheckResult, Event, EventType, Heartbeat, PhaseTiming, Unfitness
from shared.rounds import Purpose, check_id, to_ms
from shared.sealing import new_key_pair
from shared.targets import KINDS, Secret

Value = TypeVar("Value")


async def eventually(look: Callable[[], Awaitable[Value]], within_seconds: float = 5.0) -> Value:
    """The first true value that `look` gives; fails when there is none in time."""
    async with asyncio.timeout(within_seconds):
        while not (value := await look()):
            await asyncio.sleep(0.02)
    return value


class World:
    def __init__(self, db: Database, bus: Bus) -> None:
        self.db = db
        self.bus = bus
        self.sealing_keys: dict[str, Secret] = {}
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

    async def monitor(
        self, *, kind: str = "smtp", interval: int = 10, config: dict[str, Any] | None = None, countries: Any = None
    ) -> UUID:
        public_id: UUID = await self.value(
            "INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds,"
            " timeout_seconds, allowed_check_country_codes, config, target_changed_at)"
            " VALUES ($1, $2, $6, 'M', 'smtp.example.com', 'active', $3, 5, $4, $5, clock_timestamp())"
            " RETURNING public_id",
            self._organization_id,
            self._customer_id,
            interval,
            countries,
            config or {},
            kind,
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
    ) -> None:
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
        )
        await self.bus.send(subjects.agent(country, location, agent), msgspec.json.encode(heartbeat))

    async def take_requests(self, country: str, wait_seconds: float = 0.3, *, kind: str = "smtp") -> list[CheckRequest]:
        """What a location's agent finds in its queue, acknowledged."""
        consumer = await self.bus.consumer(subjects.CHECKS, subjects.check_consumer(country.lower(), kind))
        deliveries = await consumer.fetch(256, wait_seconds)
        for delivery in deliveries:
            await delivery.ack()
        await consumer.close()
        return [msgspec.json.decode(delivery.body, type=CheckRequest) for delivery in deliveries]

    async def report(self, result: CheckResult, *, asked: bool = True) -> None:
        """Hand in a result, of a check that was asked for unless the test says otherwise."""
        if asked:
            await self.value(
                "INSERT INTO dispatch (settle_at, monitor_ids, due_ats, location_ids, purpose, reason)"
                " SELECT now() + interval '1 hour', ARRAY[m.id], ARRAY[$3::timestamptz], ARRAY[l.id], $4, 'no_result'"
                " FROM monitor m, location l WHERE m.public_id = $1 AND l.code = $2",
                result.monitor_id,
                result.location,
                result.due_at,
                result.purpose.value,
            )
        await self.bus.publish(
            Message(subjects.result(result.country, result.location), msgspec.json.encode(result), str(result.check_id))
        )

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
