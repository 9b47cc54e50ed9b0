"""Monitors on the overview, as the evaluator and ingest leave them."""

from __future__ import annotations

import pytest

from tests.integration.api.conftest import Api
from tests.integration.api.outages import make_locations


async def monitor(api: Api, name: str, **fields: object) -> str:
    return str((await api.create(name=name, **fields))["publicId"])


async def verdict(api: Api, public_id: str, state: str, *, ago: str = "2 hours", reason: str = "a reason") -> None:
    """As the evaluator leaves it, by so long ago."""
    await api.value(
        "WITH m AS (SELECT id FROM monitor WHERE public_id = $1::text::uuid), s AS ("
        " INSERT INTO monitor_state (monitor_id, state, verdict, stable) SELECT id, '{}', $2, false FROM m"
        " ON CONFLICT (monitor_id) DO UPDATE SET verdict = $2)"
        " INSERT INTO verdict_change (monitor_id, at, verdict, previous, reason)"
        " SELECT id, now() - $3::text::interval, $2, 'unknown', $4 FROM m",
        public_id,
        state,
        ago,
        reason,
    )


async def latest(api: Api, public_id: str, location: str, *, failure: str | None = None, ms: float = 23.4) -> None:
    await api.value(
        "INSERT INTO latest (monitor_id, location_id, due_at, status, failure_kind, duration_ms, checked_at)"
        " SELECT m.id, l.id, now(), $3::text::check_status, $4, $5, now() FROM monitor m, location l"
        " WHERE m.public_id = $1::text::uuid AND l.code = $2 ON CONFLICT (monitor_id, location_id) DO UPDATE"
        " SET status = excluded.status, failure_kind = excluded.failure_kind, due_at = now()",
        public_id,
        location,
        "failure" if failure else "success",
        failure,
        ms,
    )


async def heartbeats(api: Api) -> None:
    await api.value(
        "INSERT INTO agent (location_id, name, kinds, version, started_at, last_seen_at)"
        " SELECT id, 'a', '{smtp}', '1', now(), now() FROM location"
        " ON CONFLICT (location_id, name) DO UPDATE SET last_seen_at = now()"
    )
    await api.value("UPDATE schedule SET watermark = now()")


@pytest.fixture(autouse=True)
async def nothing_there(api: Api) -> None:
    await api.value("UPDATE incident SET resolved_at = now() WHERE resolved_at IS NULL")
    await api.value("UPDATE monitor SET deleted_at = now()")
    await make_locations(api)
    await heartbeats(api)
