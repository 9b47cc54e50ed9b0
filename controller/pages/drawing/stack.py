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
    """The path of each layer, from the lowest. Each slice has a value for each layer, or is None where nothing was
    measured.
    """
    layers = max((len(one) for one in slices if one is not None), default=0)
    paths = [""] * layers
    first = 0
    for measured, group in groupby(slices, key=lambda one: one is not None):
        run = list(group)
        if measured:
            sums = [0.0] * len(run)
            lower = [HEIGHT] * len(run)
            for layer in range(layers):
                sums = [total + one[layer] for total, one in zip(sums, run, strict=True) if one is not None]
                upper = [_height(total, top) for total in sums]
                if upper != lower:
                    paths[layer] += _area(first, lower, upper)
                lower = upper
        first += len(run)
    return paths


def marks(slices: Sequence[int]) -> str:
    """A path with a box for each slice of these numbers, 1 wide and 1 high; neighbours are one box."""
    path = ""
    for _, group in groupby(enumerate(slices), key=lambda one: one[1] - one[0]):
        run = [number for _, number in group]
        path += f"M{run[0]} 0h{len(run)}v1h-{len(run)}z"
    return path


def _height(value: float, top: float) -> int:
    return HEIGHT - int(HEIGHT * value / top + 0.5) if value < top else 0


def _area(first: int, lower: Sequence[int], upper: Sequence[int]) -> str:
    path = [f"M{first} {lower[0]}"]
    path += _edge(upper, range(len(upper)), first, 1)
    path += _edge(lower, range(len(lower) - 1, -1, -1), first, 0)
    return "".join(path) + "z"


def _edge(heights: Sequence[int], order: range, first: int, end: int) -> list[str]:
    """Along the steps of an edge; steps of one height are drawn as one."""
    path = list[str]()
    for height, group in groupby(order, key=lambda number: heights[number]):
        *_, last = group
        path.append(f"V{height}H{first + last + end}")
    return path
