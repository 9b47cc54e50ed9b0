"""Which warnings of checks stand: they will be there tomorrow, unless somebody does something about them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from shared.wire.failures import WarningKind

_LISTED_APART = {WarningKind.CERTIFICATE_EXPIRES_SOON}
_MOMENTARY = {WarningKind.SLOW, WarningKind.MAILBOX_BUSY, WarningKind.QUIT_UNANSWERED}
"""They say how one check went."""
_LEFT_OUT = frozenset(kind.value for kind in _LISTED_APART | _MOMENTARY)


class LocationWarning(NamedTuple):
    """What the newest check at a location warned of, or what is found there. `kind` is of a warning or a finding."""

    monitor_id: int
    location_id: int
    kind: str
    detail: str


class StandingWarning(NamedTuple):
    """A warning of a monitor, for example "tls weak: TLSv1.1", and at how many locations it is given."""

    monitor_id: int
    kind: str
    text: str
    locations: int


def standing_warnings(found: Iterable[LocationWarning]) -> list[StandingWarning]:
    """Each kind once for each monitor, with the detail of its first location; those of one kind stand together."""
    first: dict[tuple[str, int], str] = {}
    locations: dict[tuple[str, int], set[int]] = {}
    for one in sorted(found):
        if one.kind not in _LEFT_OUT:
            first.setdefault((one.kind, one.monitor_id), one.detail)
            locations.setdefault((one.kind, one.monitor_id), set()).add(one.location_id)
    return [
        StandingWarning(monitor_id, kind, _text(kind, detail), len(locations[kind, monitor_id]))
        for (kind, monitor_id), detail in sorted(first.items())
    ]


def _text(kind: str, detail: str) -> str:
    words = kind.replace("_", " ")
    return f"{words}: {detail}" if detail else words
