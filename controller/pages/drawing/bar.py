"""Bars of states over time. A cell is a slice of time, never one check: it shows the worst state within it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

GAP = "gap"
"""The state of a slice in which nothing was found out."""

_WORST_FIRST = ("down", "partial", "degraded", "up", "maintenance", "unknown", "disabled", GAP)
_RANK = {state: rank for rank, state in enumerate(_WORST_FIRST)}


class Held(NamedTuple):
    """A state that held from one moment (included) to another (excluded)."""

    from_at: datetime
    to_at: datetime
    state: str
    reason: str = ""


class Run(NamedTuple):
    """Neighbouring slices of one state, as a path in a box `slices` wide and 1 high."""

    state: str
    path: str


def sliced(held: Sequence[Held], since: datetime, until: datetime, slices: int) -> list[Held]:
    """Equal slices of a time, each with the worst state in it and that state's reason. `held` is in order."""
    width = (until - since) / slices
    edges = [since + number * width for number in range(slices + 1)]
    found = list[Held | None]([None] * slices)
    for one in held:
        if one.to_at <= since or one.from_at >= until or one.to_at <= one.from_at:
            continue
        first = max(0, (one.from_at - since) // width)
        last = min(slices, -((since - one.to_at) // width))
        for number in range(first, last):
            worst = found[number]
            if worst is None or _RANK[one.state] < _RANK[worst.state]:
                found[number] = one
    return [
        Held(edges[number], edges[number + 1], one.state, one.reason)
        if one
        else Held(edges[number], edges[number + 1], GAP)
        for number, one in enumerate(found)
    ]


def runs(slices: Sequence[Held]) -> list[Run]:
    """One path for each state, so that a bar takes few bytes. Slices are drawn without space between them."""
    paths: dict[str, str] = {}
    start = 0
    for state, group in groupby(slices, key=lambda one: one.state):
        length = sum(1 for _ in group)
        paths[state] = paths.get(state, "") + f"M{start} 0h{length}v1h-{length}z"
        start += length
    return [Run(state, path) for state, path in paths.items()]
