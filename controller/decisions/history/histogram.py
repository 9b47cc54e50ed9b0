"""Durations counted in bins that grow by a constant factor, so that a percentile of a year is read from counts.

Bin b holds the durations in (GROWTH^(b-1), GROWTH^b] milliseconds. A percentile is off by at most ACCURACY of its value
(the sketch of Masson, Rim and Lee, "DDSketch", VLDB 2019). Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

ACCURACY = 0.025
GROWTH = (1 + ACCURACY) / (1 - ACCURACY)
LOG_GROWTH = math.log(GROWTH)
SHORTEST_MS = 0.01
"""Shorter durations are counted as this long: a logarithm needs a positive number."""


def bin_of(duration_ms: float) -> int:
    """The bin of a duration. The database counts by the same formula (controller.store.rollups.rollups)."""
    return math.ceil(math.log(max(duration_ms, SHORTEST_MS)) / LOG_GROWTH)


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The milliseconds that `share` (0 to 1) of the counted durations do not exceed; None when there are none."""
    total = sum(counts.values())
    if not total:
        return None
    left = max(1, math.ceil(share * total))
    number = 0
    for number in sorted(counts):
        left -= counts[number]
        if left <= 0:
            break
    # The middle of a bin, by relative error.
    return 2 * GROWTH**number / (GROWTH + 1)
