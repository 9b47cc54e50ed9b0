"""Which hours must be rolled up again: those of a late result, and those in which an outage began that is confirmed
later. Pure. The database decides it in the transaction of what it stores, so that no hour is forgotten.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.decisions.history.views import HOUR_SECONDS, floor
from controller.decisions.sql_function import SqlFunction

_HOUR = timedelta(seconds=HOUR_SECONDS)
_CONFIRMING = frozenset({"opened", "escalated"})
_OUTAGE_HOURS = 696
"""An outage that is confirmed so late makes this many hours worse at most: 29 days."""


def hours_of_outage(kind: str, severity: str, began_at: datetime, at: datetime) -> list[datetime]:
    """The hours that this change of an incident, made at a moment, makes worse, without the one that has not ended.
    `began_at` is the first failing round.
    """
    if kind not in _CONFIRMING or severity != "down":
        return []
    first = floor(max(began_at, at - _OUTAGE_HOURS * _HOUR), HOUR_SECONDS)
    return [first + number * _HOUR for number in range((floor(at, HOUR_SECONDS) - first) // _HOUR)]


HOURS_OF_OUTAGE = SqlFunction(
    "hours_of_outage(text, text, timestamptz, timestamptz)",
    """
    CREATE OR REPLACE FUNCTION hours_of_outage(kind text, severity text, began_at timestamptz, at timestamptz)
    RETURNS SETOF timestamptz LANGUAGE sql STABLE AS $$
      SELECT hour FROM generate_series(
        date_trunc('hour', GREATEST(began_at, at - interval '696 hours'), 'UTC'),
        date_trunc('hour', at, 'UTC') - interval '1 hour', interval '1 hour'
      ) AS ended (hour)
      WHERE kind IN ('opened', 'escalated') AND severity = 'down'
    $$
    """,
)

REDO_HOURS_OF_OUTAGE = SqlFunction(
    "redo_hours_of_outage()",
    """
    CREATE OR REPLACE FUNCTION redo_hours_of_outage() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      INSERT INTO rollup_due (monitor_id, hour)
      SELECT incident.monitor_id, hour
      FROM incident, hours_of_outage(NEW.kind, NEW.severity, incident.outage_started_at, now()) AS ended (hour)
      WHERE incident.id = NEW.incident_id;
      RETURN NULL;
    END
    $$
    """,
)
"""The function of the trigger `redo_hours_of_outage` of the table `incident_change`: writes those hours down."""


def hours_after(
    late_hour: datetime, interval_seconds: int, rolled_until: datetime, kept_since: datetime
) -> list[datetime]:
    """The hours to roll up again because of this one. A round judges the time up to an interval after it, so the later
    hours that are rolled up already follow. An hour whose results may be removed in part (`kept_since` is the first
    moment whose results are all stored) stays as it was rolled up.
    """
    interval = timedelta(seconds=interval_seconds)
    hours = [late_hour + number * _HOUR for number in range((_HOUR + interval) // _HOUR + 1)]
    return [hour for hour in hours if (hour == late_hour or hour < rolled_until) and hour >= kept_since + interval]


HOURS_AFTER = SqlFunction(
    "hours_after(timestamptz, integer, timestamptz, timestamptz)",
    """
    CREATE OR REPLACE FUNCTION hours_after(
      late_hour timestamptz, interval_seconds integer, rolled_until timestamptz, kept_since timestamptz
    ) RETURNS SETOF timestamptz LANGUAGE sql STABLE AS $$
      SELECT hour FROM generate_series(
        late_hour, late_hour + make_interval(secs => 3600 + interval_seconds), interval '1 hour'
      ) AS later (hour)
      WHERE (hour = late_hour OR hour < rolled_until)
        AND hour >= kept_since + make_interval(secs => interval_seconds)
    $$
    """,
)
