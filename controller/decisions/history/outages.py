"""When a monitor was down, according to the timelines of its incidents. Pure; moments are epoch milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from controller.decisions.history.uptime import Span

CHANGES_OF_SEVERITY = ("opened", "escalated", "eased", "resolved")
"""The kinds of changes that begin or end time of a severity; all others count for nothing."""

_OPENED, _RESOLVED = "opened", "resolved"
_DOWN = "down"


class SeverityChange(NamedTuple):
    """A change of an incident, of one of CHANGES_OF_SEVERITY; `severity` holds from then on."""

    kind: str
    severity: str
    at_ms: int


def down_times(changes: Sequence[SeverityChange], began_ms: int, since_ms: int, until_ms: int) -> list[Span]:
    """The times after `since_ms` in which an incident was of severity down. An open one ends at `until_ms`. What it was
    when it was opened, it was from its first failing round, `began_ms`.
    """
    return list(_down_times(changes, began_ms, since_ms, until_ms))


def _down_times(changes: Sequence[SeverityChange], began_ms: int, since_ms: int, until_ms: int) -> Iterable[Span]:
    for change, later in pairwise([*changes, None]):
        if change is None or change.severity != _DOWN or change.kind == _RESOLVED:
            continue
        start = began_ms if change.kind == _OPENED else change.at_ms
        if later is None:
            yield Span(start, max(start, until_ms))
        elif later.at_ms > since_ms:
            yield Span(start, later.at_ms)
