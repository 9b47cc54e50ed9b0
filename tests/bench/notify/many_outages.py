"""Many monitors that fail within a second and pass again, by the results of their checks as an ingestor stores them.

Each organization has its own monitors, of which so many share a cause: a server, its address and a customer.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from controller.decisions.evaluation.policy import Policy
from controller.pipeline.housekeeping import prepare_partitions
from controller.pipeline.ingestor import BATCH
from controller.store.checks.results import store_results
from controller.store.platform.pool import Database
from shared.clock import now_ms
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult
from tests.bench.ingest import a_result

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
  config, target_changed_at)
SELECT $1, customer.id, 'smtp', 'Mail of ' || customer.name, 'mx' || n % $3 || '.example.com', 'active', 3600, 30, '{}',
  now() - interval '1 day'
FROM generate_series(0, $2 - 1) AS n
JOIN customer ON organization_id = $1 AND customer.name = 'Customer ' || n % $3
ORDER BY n RETURNING public_id
"""
_UP = """
INSERT INTO monitor_state (monitor_id, state, verdict, stable)
SELECT id, '{"verdict": "up"}', 'up', true FROM monitor WHERE organization_id = $1
"""


class ManyMonitors(msgspec.Struct, frozen=True):
    """The monitors of an organization, which have so many `causes`."""

    db: Database
    organization: int
    monitors: list[UUID]
    causes: int

    async def fail(self) -> None:
        await self._store(_REFUSED)

    async def recover(self) -> None:
        await self._store(None)

    async def _store(self, failure: Failure | None) -> None:
        due_ms = now_ms()
        results = [self._result(number, due_ms, failure) for number in range(len(self.monitors))]
        for start in range(0, len(results), BATCH):
            assert all(await store_results(self.db, results[start : start + BATCH]))

    def _result(self, number: int, due_ms: int, failure: Failure | None) -> CheckResult:
        high, low = divmod(number % self.causes, 256)
        result = a_result(self.monitors[number], due_ms)
        return msgspec.structs.replace(result, failure=failure, address=f"198.18.{high}.{low}")

    async def value(self, query: str, *arguments: object) -> float:
        """What the query returns for the organization, which is its $1."""
        async with self.db.connection() as connection:
            found: float = await connection.fetchval(query, self.organization, *arguments)
        return found


async def add_location(db: Database) -> None:
    """The location of all checks."""
    await prepare_partitions(db)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO location (code, name, country_code, public_key, created_at)"
            " VALUES ('de', '', 'DE', '', now() - interval '1 day')"
        )


async def add_monitors(db: Database, number: int, *, causes: int, grouping: bool) -> ManyMonitors:
    """A new organization with a channel, and monitors that are up."""
    async with db.transaction() as connection:
        organization = await connection.fetchval(
            _ORGANIZATION, f"{causes} {grouping}", msgspec.to_builtins(_AT_FIRST), {"enabled": grouping}
        )
        await connection.execute(_CHANNEL, organization)
        await connection.execute(_CUSTOMERS, organization, causes)
        rows = await connection.fetch(_MONITORS, organization, number, causes)
        await connection.execute(_UP, organization)
    async with db.connection() as connection:
        await connection.execute("ANALYZE monitor, monitor_state, customer")
    return ManyMonitors(db, organization, [row["public_id"] for row in rows], causes)
