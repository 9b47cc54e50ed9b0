"""Monitors of servers that are made up, and a day of what was found: results, roll-ups, verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from controller.decisions.evaluation.state import MonitorState, Severity, VerdictKind
from controller.pipeline.rollups import roll_up
from controller.store.checks.results import store_results
from controller.store.incidents import verdict_changes
from controller.store.platform.partitions import make_partitions
from shared.epoch import to_datetime, to_ms
from shared.wire.messages import CheckResult
from shared.wire.rounds import last_due_ms
from tests.pictures.places import PLACES, Installation
from tests.pictures.servers import INTERVAL, Fault, Server, result_of

HISTORY = timedelta(hours=26)
_DIALOGUE_EVERY = 72
_AT_ONCE = 1000
_DAYS = 30


class Verdict(NamedTuple):
    """A verdict from so many minutes ago on."""

    minutes_ago: float
    verdict: str
    reason: str


async def add_monitors(here: Installation, servers: Sequence[Server]) -> dict[str, int]:
    """Create the monitors; return their numbers by host."""
    async with here.database.connection() as connection:
        return {
            server.host: await connection.fetchval(
                "INSERT INTO monitor (public_id, organization_id, customer_id, kind, name, hostname, port, status,"
                " interval_seconds, timeout_seconds, config, target_changed_at, created_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 10, $10, $11, $11) RETURNING id",
                server.public_id,
                here.organization,
                here.customers[server.customer],
                server.kind,
                server.name,
                server.host,
                server.port,
                server.status,
                int(INTERVAL.total_seconds()),
                _CONFIG[server.kind],
                here.now - timedelta(days=39),
            )
            for server in servers
        }


_CONFIG = {
    "smtp": {"secure": False, "requireTls": True},
    "imap": {"protocol": "imap", "secure": True},
    "pop3": {"protocol": "pop3", "secure": True},
}


def rounds(server: Server, now: datetime) -> list[datetime]:
    """The due moments of a monitor in HISTORY, in order."""
    interval = int(INTERVAL.total_seconds() * 1000)
    last = last_due_ms(server.public_id, interval, 0, to_ms(now - timedelta(seconds=20)))
    assert last is not None
    count = int(HISTORY / INTERVAL)
    return [to_datetime(last - number * interval) for number in reversed(range(count))]


async def add_results(here: Installation, servers: Iterable[Server], *, blind: dict[str, float]) -> None:
    """Store what was found, and roll it up. `blind` says since how many minutes locations have reported nothing."""
    today = here.now.date()
    await make_partitions(here.database, (here.now - HISTORY).date(), today)
    await here.run("UPDATE rollup_progress SET closed_until = $1, rolled_until = $1", _hour(here.now - HISTORY))
    waiting = list[CheckResult]()
    for server in servers:
        if server.status == "disabled":
            continue
        due = rounds(server, here.now)
        for code, silent in blind.items():
            await _add_gaps(here, server, code, [at for at in due if here.now - at <= timedelta(minutes=silent)])
        for number, at in enumerate(due):
            minutes = (here.now - at).total_seconds() / 60
            dialogue = number % _DIALOGUE_EVERY == 0 or number == len(due) - 1
            waiting += [
                result_of(server, place, at, here.now, dialogue=dialogue)
                for place in PLACES
                if minutes > blind.get(place.code, 0)
            ]
    for start in range(0, len(waiting), _AT_ONCE):
        assert all(await store_results(here.database, waiting[start : start + _AT_ONCE]))
    await here.run("UPDATE result SET stored_at = started_at + duration_ms * interval '1 ms'")
    await here.run("DELETE FROM evaluation")
    await roll_up(here.database, here.now)


async def _add_gaps(here: Installation, server: Server, location: str, due: Sequence[datetime]) -> None:
    await here.run(
        "INSERT INTO gap (monitor_id, from_at, to_at, location_id, purpose, reason)"
        " SELECT monitor.id, due.at, due.at, $2, 'scheduled', 'no_result'"
        " FROM monitor, unnest($3::timestamptz[]) AS due (at) WHERE public_id = $1",
        server.public_id,
        here.locations[location],
        due,
    )


async def add_older_days(here: Installation, monitors: Iterable[int]) -> None:
    """Roll-ups of the days before HISTORY, so that charts of a month have something to show."""
    first = _hour(here.now - timedelta(days=_DAYS))
    for seconds, until in ((3600, _hour(here.now - HISTORY)), (86_400, _day(here.now - HISTORY))):
        since = first if seconds == 3600 else _day(first)
        await here.run(_OLDER_ROLLUPS, seconds, since, until, list(monitors), 3600 // int(INTERVAL.total_seconds()))
        await here.run(_OLDER_UPTIME, seconds, since, until, list(monitors))


_OLDER_ROLLUPS = """
INSERT INTO rollup (monitor_id, bucket_seconds, bucket_at, location_id, passed, failed, blind, warned, duration_ms_sum,
  duration_ms_min, duration_ms_max, bins, counts)
SELECT monitor.id, $1, bucket.at, location.id, $5 * $1 / 3600, 0, 0, 0, typical.ms * $5 * $1 / 3600, typical.ms * 0.8,
  typical.ms * 1.6, ARRAY[typical.bin, typical.bin + 1]::smallint[],
  ARRAY[$5 * $1 / 3600 - 1, 1]::int[]
FROM generate_series($2::timestamptz, $3::timestamptz - make_interval(secs => $1), make_interval(secs => $1))
  AS bucket (at)
CROSS JOIN unnest($4::bigint[]) AS monitor (id) CROSS JOIN location
CROSS JOIN LATERAL (
  SELECT found.ms * (1 + 0.2 * sin(extract(epoch FROM bucket.at) / 13750)) AS ms, found.bin FROM (
    SELECT avg(duration_ms_sum / passed) AS ms, max(bins[1]) AS bin FROM rollup AS known
    WHERE known.monitor_id = monitor.id AND known.location_id = location.id AND passed > 0
  ) AS found WHERE found.ms IS NOT NULL
) AS typical
ON CONFLICT DO NOTHING
"""
_OLDER_UPTIME = """
INSERT INTO uptime (monitor_id, bucket_seconds, bucket_at, judged_ms, down_ms)
SELECT monitor.id, $1, bucket.at, 1000 * $1,
  CASE WHEN hashtext(bucket.at::text || monitor.id) % 40 = 0 THEN 90000 ELSE 0 END
FROM generate_series($2::timestamptz, $3::timestamptz - make_interval(secs => $1), make_interval(secs => $1))
  AS bucket (at)
CROSS JOIN unnest($4::bigint[]) AS monitor (id)
ON CONFLICT DO NOTHING
"""


async def add_verdicts(here: Installation, monitors: dict[str, int], server: Server, *verdicts: Verdict) -> None:
    """The verdicts of a monitor over time, the oldest first; the last one holds now."""
    held = [Verdict(38 * 24 * 60, "up", "5 of 5 countries pass"), *verdicts]
    previous = "unknown"
    async with here.database.transaction() as connection:
        for one in held:
            at = here.now - timedelta(minutes=one.minutes_ago)
            await verdict_changes.insert(
                connection, server.public_id, at=at, verdict=one.verdict, previous=previous, reason=one.reason
            )
            previous = one.verdict
        state = _state(here, server, held[-1])
        await connection.execute(
            "INSERT INTO monitor_state (monitor_id, state, verdict, stable) VALUES ($1, $2, $3, $4)",
            monitors[server.host],
            state,
            state.verdict.value,
            state.stable,
        )


def _state(here: Installation, server: Server, last: Verdict) -> MonitorState:
    since = to_ms(here.now - timedelta(minutes=last.minutes_ago))
    state = MonitorState(
        verdict=VerdictKind(last.verdict),
        reason=last.reason,
        since_ms=since,
        taken_ms=to_ms(rounds(server, here.now)[-1]),
    )
    if last.verdict in {"down", "partial"}:
        state = msgspec.structs.replace(
            state, severity=Severity(last.verdict), failing_evaluations=4, failing_rounds=3, first_failing_ms=since
        )
    return state


def first_failing(server: Server, fault: Fault, now: datetime) -> datetime:
    """The first round that met a fault."""
    return next(at for at in rounds(server, now) if (now - at).total_seconds() / 60 <= fault.since)


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _day(at: datetime) -> datetime:
    return _hour(at).replace(hour=0)
