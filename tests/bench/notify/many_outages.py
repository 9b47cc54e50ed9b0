"""Many monitors that fail within a second and pass again, by the results that an agent publishes.

Each organization has its own monitors, of which so many share a cause: a server, its address and a customer. However
late a result is stored, it is evidence, because the machine may be too slow for so many at once.
"""

from __future__ import annotations

import asyncio
import time
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from controller.decisions.evaluation.policy import Policy
from controller.pipeline.housekeeping import prepare_partitions
from controller.store.platform.pool import Database
from shared.clock import now_ms, utc_now
from shared.nats.bus import Message
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.rounds import phase_ms
from tests.bench.ingest import SIGNER, SUBJECT, a_result
from tests.bench.processes import Servers

_INTERVAL_MS = 10_000

_AT_FIRST = Policy(rechecks=0)
"""Every failing round is an outage, and every passing one its end."""

_REFUSED = Failure(
    kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="Connection refused"
)

_ORGANIZATION = """
INSERT INTO organization (name, policy, grouping) VALUES ($1, $2, $3) RETURNING id
"""
_CHANNEL = """
INSERT INTO notification_channel (organization_id, type, name, config)
VALUES ($1, 'email', 'Mail', '{"to": "ops@sink.test"}')
"""
_CUSTOMERS = """
INSERT INTO customer (organization_id, name) SELECT $1, 'Customer ' || n FROM generate_series(0, $2 - 1) AS n
"""
_MONITORS = """
INSERT INTO monitor (organization_id, customer_id, kind, name, hostname, status, interval_seconds, timeout_seconds,
  evaluation_deadline_seconds, config, target_changed_at)
SELECT $1, customer.id, 'smtp', 'Mail of ' || customer.name, 'mx' || n % $3 || '.example.com', 'active', $4, 5,
  3600, '{}', now() - interval '1 day'
FROM generate_series(0, $2 - 1) AS n
JOIN customer ON organization_id = $1 AND customer.name = 'Customer ' || n % $3
ORDER BY n RETURNING public_id
"""
_UP = """
INSERT INTO monitor_state (monitor_id, state, verdict, stable)
SELECT id, '{"verdict": "up"}', 'up', true FROM monitor WHERE organization_id = $1
"""


class Published(NamedTuple):
    """When the first result was published, and how many seconds later the broker had all."""

    began: datetime
    seconds: float


class ManyMonitors(NamedTuple):
    """The monitors of an organization, which have so many `causes`."""

    servers: Servers
    organization: int
    monitors: list[UUID]
    causes: int

    async def fail(self) -> Published:
        return await self._publish(_REFUSED)

    async def recover(self) -> Published:
        return await self._publish(None)

    async def _publish(self, failure: Failure | None) -> Published:
        """The latest round of each, which must be later than the one before."""
        await asyncio.sleep(_INTERVAL_MS / 1000)
        now = now_ms()
        messages = [self._message(number, now, failure) for number in range(len(self.monitors))]
        began, clock = utc_now(), time.perf_counter()
        await self.servers.bus.publish_all(messages)
        return Published(began, time.perf_counter() - clock)

    def _message(self, number: int, now: int, failure: Failure | None) -> Message:
        monitor = self.monitors[number]
        due_ms = now - (now - phase_ms(monitor, _INTERVAL_MS)) % _INTERVAL_MS
        high, low = divmod(number % self.causes, 256)
        result = msgspec.structs.replace(a_result(monitor, due_ms), failure=failure, address=f"198.18.{high}.{low}")
        body = msgspec.json.encode(result)
        return Message(SUBJECT, body, str(result.check_id), headers=SIGNER.result(SUBJECT, body))

    async def value(self, query: str, *arguments: object) -> float:
        """What the query returns for the organization, which is its $1."""
        async with self.servers.db.connection() as connection:
            found: float = await connection.fetchval(query, self.organization, *arguments)
        return found


async def add_location(db: Database) -> None:
    """The location of all checks, with the key that signs them."""
    await prepare_partitions(db)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO location (code, name, country_code, public_key, created_at)"
            " VALUES ('de', '', 'DE', '', now() - interval '1 day')"
        )
        await connection.execute(
            "INSERT INTO location_key (location_id, sealing_key, nats_user) SELECT id, '', $1 FROM location",
            SIGNER.user,
        )


async def add_monitors(servers: Servers, number: int, *, causes: int, grouping: bool) -> ManyMonitors:
    """A new organization with a channel, and monitors that are up."""
    async with servers.db.transaction() as connection:
        organization = await connection.fetchval(
            _ORGANIZATION, f"{causes} {grouping}", msgspec.to_builtins(_AT_FIRST), {"enabled": grouping}
        )
        await connection.execute(_CHANNEL, organization)
        await connection.execute(_CUSTOMERS, organization, causes)
        rows = await connection.fetch(_MONITORS, organization, number, causes, _INTERVAL_MS // 1000)
        await connection.execute(_UP, organization)
    async with servers.db.connection() as connection:
        await connection.execute("ANALYZE monitor, monitor_state, customer")
    return ManyMonitors(servers, organization, [row["public_id"] for row in rows], causes)
