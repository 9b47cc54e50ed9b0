"""Which state a list shows of a monitor, and which states come first. Pure."""

from __future__ import annotations

from controller.decisions.sql_function import SqlFunction
from controller.model import MonitorStatus
from controller.model.overview import DisplayState


def display_state(status: str, verdict: str | None) -> DisplayState:
    """`verdict` is None before the first evaluation."""
    return DisplayState((verdict or DisplayState.UNKNOWN) if status == MonitorStatus.ACTIVE else status)


DISPLAY_STATE = SqlFunction(
    "display_state(text, text)",
    """
    CREATE OR REPLACE FUNCTION display_state(status text, verdict text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
      SELECT CASE WHEN status = 'active' THEN COALESCE(verdict, 'unknown') ELSE status END
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
