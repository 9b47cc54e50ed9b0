"""Roll results up by hour and hours by day: always from the stored rows, so that a repetition changes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from controller.decisions.history.maintenance import MaintenanceTime, spans
from controller.decisions.history.uptime import EvaluatedTime, RoundOutcome, Span, evaluated_time
from controller.store.incidents.outages import down_spans
from controller.store.platform.pool import Connection
from controller.store.rollups import late_statements, statements
from shared.epoch import to_ms

HOUR = timedelta(hours=1)


class Part(NamedTuple):
    """A monitor's hour or day, by its beginning."""

    monitor_id: int
    at: datetime


Roll: TypeAlias = Callable[[Connection, Sequence[Part]], Awaitable[None]]


LONGEST_INTERVAL = timedelta(days=1)
"""A round judges at most this much of the time after it (controller.decisions.monitors.monitors)."""


async def roll_hours(connection: Connection, parts: Sequence[Part]) -> None:
    """Roll these hours up from their results, none of which is in a block yet, and compute their uptime. Rounds before
    them, which judge their first minutes, may be in blocks.
    """
    await _roll_hours(connection, parts, statements.ROLL_HOURS, statements.ROUNDS)


async def roll_late_hours(connection: Connection, parts: Sequence[Part]) -> None:
    """The same of hours whose results may be in blocks."""
    await _roll_hours(connection, parts, late_statements.ROLL_LATE_HOURS, late_statements.LATE_ROUNDS)


async def _roll_hours(connection: Connection, parts: Sequence[Part], roll: str, read_rounds: str) -> None:
    if not parts:
        return
    monitors, starts = [part.monitor_id for part in parts], [part.at for part in parts]
    first, last = min(starts), max(starts) + HOUR
    await connection.execute(roll, monitors, starts, first, last)
    rows = await connection.fetch(read_rounds, monitors, starts, first - LONGEST_INTERVAL, last)
    rounds: dict[Part, list[RoundOutcome]] = defaultdict(list)
    intervals: dict[int, int] = {}
    for monitor_id, at, interval_seconds, due_at, passed, failed in rows:
        rounds[Part(monitor_id, at)].append(RoundOutcome(to_ms(due_at), passed, failed))
        intervals[monitor_id] = 1000 * interval_seconds
    maintenance = await maintenance_spans(connection, list(intervals), last)
    outages = await down_spans(connection, list(intervals), first, last)
    evaluated = [
        (
            part,
            evaluated_time(
                found,
                intervals[part.monitor_id],
                _hour(part.at),
                maintenance.get(part.monitor_id, ()),
                outages.get(part.monitor_id, ()),
            ),
        )
        for part, found in rounds.items()
    ]
    await _write_uptime(connection, evaluated)


async def roll_days(connection: Connection, parts: Sequence[Part]) -> None:
    """Roll these days up from their hours."""
    if not parts:
        return
    monitors, starts = [part.monitor_id for part in parts], [part.at for part in parts]
    first, last = min(starts), max(starts) + timedelta(days=1)
    await connection.execute(statements.ROLL_DAYS, monitors, starts, first, last)
    await connection.execute(statements.UPTIME_DAYS, monitors, starts, first, last)


async def maintenance_spans(connection: Connection, monitors: list[int], until: datetime) -> dict[int, list[Span]]:
    """When these monitors were in maintenance until that moment: in order, and apart from each other."""
    rows = await connection.fetch(
        "SELECT monitor_id, from_at, to_at FROM maintenance_time WHERE monitor_id = ANY($1::bigint[]) AND from_at < $2",
        monitors,
        until,
    )
    times: dict[int, list[MaintenanceTime]] = defaultdict(list)
    for monitor_id, from_at, to_at in rows:
        times[monitor_id].append(MaintenanceTime(to_ms(from_at), None if to_at is None else to_ms(to_at)))
    return {monitor_id: spans(found, to_ms(until)) for monitor_id, found in times.items()}


async def _write_uptime(connection: Connection, evaluated: Iterable[tuple[Part, EvaluatedTime]]) -> None:
    rows = [(part.monitor_id, part.at, time.evaluated_ms, time.down_ms) for part, time in evaluated]
    if rows:
        await connection.execute(statements.INSERT_UPTIME, *map(list, zip(*rows, strict=True)))


def _hour(at: datetime) -> Span:
    return Span(to_ms(at), to_ms(at + HOUR))
