"""Who is on call from moment to moment, without a gap: what shifts and overrides come to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from controller.decisions.on_call.rota import OnCall, Reachable, Shift, shifts, who_takes
from controller.model.notification.on_call import RotaEvent, RotaOverride


class OnCallPeriod(NamedTuple):
    """From one instant until another the same people and channels are on call, or nobody is."""

    from_at: datetime
    to_at: datetime
    who: OnCall


def periods(
    events: Iterable[RotaEvent],
    overrides: Iterable[RotaOverride],
    reachable: Reachable,
    since: datetime,
    until: datetime,
) -> list[OnCallPeriod]:
    """In order, from `since` until `until`, which cut the first and the last."""
    coming = shifts(events, overrides, since, until)[::-1]
    inside = {moment for one in coming for moment in (one.from_at, one.to_at) if since < moment < until}
    found: list[OnCallPeriod] = []
    now: list[Shift] = []
    for begin, end in pairwise(sorted({since, until} | inside)):
        now = [one for one in now if one.to_at > begin]
        while coming and coming[-1].from_at <= begin:
            now.append(coming.pop())
        who = who_takes([one for one in now if one.holds(begin)], reachable)
        if found and found[-1].who == who:
            found[-1] = found[-1]._replace(to_at=end)
        else:
            found.append(OnCallPeriod(begin, end, who))
    return found
