"""Durations counted in bins that grow by a constant factor, so that a percentile of a year is read from counts.

Bin b holds the durations in (GROWTH^(b-1), GROWTH^b] milliseconds. A percentile is off by at most ACCURACY of its value
(the sketch of Masson, Rim and Lee, "DDSketch", VLDB 2019). Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from controller.decisions.sql_function import SqlFunction

ACCURACY = 0.025
GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
LOG_GROWTH = math.log(GROWTH)
SHORTEST_MS = 0.01
"""Shorter durations are counted as this long: a logarithm needs a positive number."""


def bin_of(duration_ms: float) -> int:
    """The bin of a duration."""
    return math.ceil(math.log(max(duration_ms, SHORTEST_MS)) / LOG_GROWTH)


BIN_OF = SqlFunction(
    "bin_of(double precision)",
    """
    CREATE OR REPLACE FUNCTION bin_of(duration_ms double precision) RETURNS smallint LANGUAGE sql IMMUTABLE AS $$
      SELECT ceil(ln(GREATEST(duration_ms, 0.01::double precision)) / 0.050010420574661416)::smallint
    $$
    """,
)
"""With the values of SHORTEST_MS and LOG_GROWTH."""


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The milliseconds that `share` (0 to 1) of the counted durations do not exceed; None when there are none."""
    found = percentiles(counts, (share,))
    return found[0] if found else None


def percentiles(counts: Mapping[int, int], shares: Sequence[float]) -> list[float]:
    """The same for several shares in ascending order; empty when there are no durations."""
    total = sum(counts.values())
    if not total:
        return []
    needed = [max(1, math.ceil(share * total)) for share in shares]
    found, counted = list[float](), 0
    for number in sorted(counts):
        counted += counts[number]
        while len(found) < len(needed) and counted >= needed[len(found)]:
            # The middle of a bin, by relative error.
            found.append(2 * GROWTH**number / (GROWTH + 1))
    return found
