"""Which state a list shows of a monitor, and which states come first. Pure."""

from __future__ import annotations

from controller.decisions.sql_function import SqlFunction
from controller.model import MonitorStatus
from controller.model.overview import DisplayState


def display_state(status: str, verdict: str | None, *, in_maintenance: bool) -> DisplayState:
    """`verdict` is None before the first evaluation."""
    if status == MonitorStatus.DISABLED:
        return DisplayState.DISABLED
    return DisplayState.MAINTENANCE if in_maintenance else DisplayState(verdict or DisplayState.UNKNOWN)


DISPLAY_STATE = SqlFunction(
    "display_state(text, text, boolean)",
    """
    CREATE OR REPLACE FUNCTION display_state(status text, verdict text, in_maintenance boolean) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
      SELECT CASE
        WHEN status = 'disabled' THEN 'disabled'
        WHEN in_maintenance THEN 'maintenance'
        ELSE COALESCE(verdict, 'unknown')
      END
    $$
    """,
)


def badness(state: DisplayState) -> int:
    """The place of a state in the order of a list: the worst is 1."""
    return list(DisplayState).index(state) + 1


BADNESS = SqlFunction(
    "badness(text)",
    """
    CREATE OR REPLACE FUNCTION badness(state text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
      SELECT array_position('{down,partial,degraded,unknown,up,maintenance,disabled}'::text[], state)
    $$
    """,
)
