"""Durations as small whole numbers on a logarithmic scale, three steps to a bin of decisions.history.histogram.

A duration that was coded and decoded is off by at most ERROR of its value, and is in the same bin as before. Pure.
"""

from __future__ import annotations

import math

from controller.decisions.history.histogram import LOG_GROWTH, SHORTEST_MS
from controller.decisions.sql_function import SqlFunction

STEP = LOG_GROWTH / 3
ERROR = 0.0125

ZERO = -32_768
"""The code of a duration below SHORTEST_MS."""
ABSENT = -32_767
"""The code of no duration."""

LONGEST_MS = 86_400_000.0
_LEAST, _MOST = (math.ceil(math.log(ms) / STEP) for ms in (SHORTEST_MS, LONGEST_MS))
_DECODED = {code: math.exp((code - 0.5) * STEP) for code in range(_LEAST, _MOST + 1)}


def code_of(duration_ms: float | None) -> int:
    """The code of a duration up to LONGEST_MS."""
    if duration_ms is None:
        return ABSENT
    if duration_ms < SHORTEST_MS:
        return ZERO
    return math.ceil(math.log(duration_ms) / STEP)


def ms_of(code: int) -> float | None:
    """The duration in the middle of those that have this code."""
    if code == ABSENT:
        return None
    return 0.0 if code == ZERO else _DECODED[code]


MS_OF = SqlFunction(
    "ms_of(smallint)",
    """
    CREATE OR REPLACE FUNCTION ms_of(code smallint) RETURNS real LANGUAGE sql IMMUTABLE AS $$
      SELECT CASE code WHEN -32768 THEN 0::real WHEN -32767 THEN NULL::real
        ELSE exp((code - 0.5::double precision) * 0.016670140191553804)::real END
    $$
    """,
)
"""With the values of ZERO, ABSENT and STEP."""
