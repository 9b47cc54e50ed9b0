"""Stacked areas over time, drawn as steps: one for each slice of time, with a gap where nothing was measured. Pure.

The box of a stack is as wide as there are slices and HEIGHT high, with zero at its bottom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

HEIGHT = 200

_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_OUTSTANDING = 3.0
_COMMON = 0.95
_COMPARABLE = 4.0


def top_of(totals: Sequence[float]) -> float:
    """A round value that shows all totals, or nearly all where a few would flatten the rest."""
    if not totals:
        return 1
    ordered = sorted(totals)
    common = ordered[min(len(ordered) - 1, int(_COMMON * len(ordered)))]
    return rounded_up(ordered[-1] if ordered[-1] <= _OUTSTANDING * common else common)


def shared_top(tops: Sequence[float]) -> float | None:
    """The top that stacks beside each other have in common; None when the lowest would be flattened by it, so that each
    keeps its own.
    """
    return max(tops) if tops and max(tops) <= _COMPARABLE * min(tops) else None


def rounded_up(value: float) -> float:
    """The least round value that is not smaller, and at least 1."""
    if value <= 1:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return float(next(step * power for step in _STEPS if step * power >= value))


def areas(slices: Sequence[Sequence[float] | None], top: float) -> list[str]:
    """The path of each layer, from the lowest; each reaches down to zero, so that the highest is to be drawn first and
    no edge is drawn twice. Each slice has a value for each layer, or is None where nothing was measured.
    """
    layers = max((len(one) for one in slices if one is not None), default=0)
    paths = [""] * layers
    first = 0
    for measured, group in groupby(slices, key=lambda one: one is not None):
        whole = list(group)
        run = [one for one in whole if one is not None] if measured else []
        lower = [0] * len(run)
        sums = [0.0] * len(run)
        for layer in range(layers):
            sums = [total + one[layer] for total, one in zip(sums, run, strict=True)]
            heights = [int(HEIGHT * total / top + 0.5) if total < top else HEIGHT for total in sums]
            if heights != lower:
                paths[layer] += _area(first, heights)
            lower = heights
        first += len(whole)
    return paths


def marks(slices: Sequence[int]) -> str:
    """A path with a box for each slice of these numbers, 1 wide and 1 high; neighbours are one box."""
    path = ""
    for _, group in groupby(enumerate(slices), key=lambda one: one[1] - one[0]):
        run = [number for _, number in group]
        path += f"M{run[0]} 0h{len(run)}v1h-{len(run)}z"
    return path


def _area(first: int, heights: Sequence[int]) -> str:
    """Steps of one height are drawn as one."""
    path, before, length = f"M{first} {HEIGHT}v-{heights[0]}", heights[0], 0
    for height in heights:
        if height != before:
            path += f"h{length}v{before - height}"
            before, length = height, 0
        length += 1
    return f"{path}h{length}V{HEIGHT}z"
