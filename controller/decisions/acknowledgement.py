"""How long an acknowledgement lasts, and whether one holds, for Python and SQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from controller.decisions.sql_function import SqlFunction


class Lasts(StrEnum):
    """For how long somebody takes an incident."""

    HALF_AN_HOUR = "30m"
    TWO_HOURS = "2h"
    RESOLVED = "resolved"


WORDS = {Lasts.HALF_AN_HOUR: "30 min", Lasts.TWO_HOURS: "2 h", Lasts.RESOLVED: "until it is resolved"}
BUTTONS = {**WORDS, Lasts.RESOLVED: "Until resolved"}
_SPANS = {Lasts.HALF_AN_HOUR: timedelta(minutes=30), Lasts.TWO_HOURS: timedelta(hours=2)}


def ends_at(lasts: Lasts, now: datetime) -> datetime | None:
    """When an acknowledgement made now ends; None when it lasts until the incident is resolved."""
    span = _SPANS.get(lasts)
    return None if span is None else now + span


def is_acknowledged(at: datetime | None, until: datetime | None, now: datetime) -> bool:
    """Whether an acknowledgement made `at` holds `now`. A lapsed one counts as none; one without end never lapses."""
    return at is not None and (until is None or until > now)


IS_ACKNOWLEDGED = SqlFunction(
    "is_acknowledged(timestamptz, timestamptz, timestamptz)",
    """
    CREATE OR REPLACE FUNCTION is_acknowledged(at timestamptz, until timestamptz, moment timestamptz) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
      SELECT at IS NOT NULL AND (until IS NULL OR until > moment)
    $$
    """,
)
