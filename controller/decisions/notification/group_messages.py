"""Decides how a receiver hears of a change of an incident: at once by a message of its own, or by one about the group.
Pure.

Nobody hears later of a cause because of its group: the first message is sent at once, and what joins soon after is in
the next. A recovery is told when all is over, or after a while.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from controller.decisions.evaluation.state import ChangeKind
from controller.decisions.notification.grouping import GroupingSettings, GroupKind

PARTIAL_END = timedelta(minutes=15)
"""After this time those that recovered are reported, although others of the group have not."""

WORSE = frozenset({ChangeKind.OPENED, ChangeKind.ESCALATED})


class GroupReceiver(NamedTuple):
    """What a receiver knows of a group: `incidents` of which it was notified or will be, so many of them
    open, by so many `messages`, the last at `notified_at`. `alone` is the only incident, if there is only one.
    """

    incidents: int
    open_incidents: int
    messages: int
    notified_at: datetime
    alone: int | None


class Way(StrEnum):
    """How a change is told to a receiver."""

    AT_ONCE = "at_once"  # by a message of its own
    TOGETHER = "together"  # by a message about the group
    ALONG = "along"  # by the next message about the group, whenever there is one


def way(kind: str, incident_id: int, group: GroupKind, known: GroupReceiver | None, *, is_waiting: bool = False) -> Way:
    """`known` is None for a receiver that knows nothing of the group yet. `is_waiting`: that the incident opened waits
    for a message about the group.
    """
    if known is None or not known.incidents:
        return Way.TOGETHER if group is GroupKind.STORM and kind in WORSE else Way.AT_ONCE
    if known.alone == incident_id and not is_waiting:
        return Way.AT_ONCE
    return Way.TOGETHER if kind in WORSE or kind == ChangeKind.RESOLVED else Way.ALONG


def next_message_at(known: GroupReceiver | None, settings: GroupingSettings, not_before: datetime) -> datetime:
    """When a message about what joined may be sent; at once to a receiver for whom all that it knew of is over."""
    if known is None or not known.messages or not known.open_incidents:
        return not_before
    seconds = settings.group_seconds if known.messages == 1 else settings.group_update_seconds
    return max(not_before, known.notified_at + timedelta(seconds=seconds))


def partial_end_at(known: GroupReceiver | None, settings: GroupingSettings, ended_at: datetime) -> datetime:
    """When a message may say that an incident ended while others go on."""
    return next_message_at(known, settings, ended_at + PARTIAL_END)


class Waiting(NamedTuple):
    """What a message about a group could report now: incidents that opened or became worse, and those that ended, the
    first at `first_ended_at`. `later_at` is when more may be reported, None when nothing waits for that.
    """

    worse: int
    ended: int
    first_ended_at: datetime | None
    later_at: datetime | None


def wait_until(waiting: Waiting, open_incidents: int, now: datetime) -> datetime | None:
    """When to look again, if there is nothing to report now; None when a message is due now, or nothing waits."""
    if waiting.worse or (waiting.ended and not open_incidents):
        return None
    if waiting.first_ended_at is not None:
        at = waiting.first_ended_at + PARTIAL_END
        return None if at <= now else min(at, waiting.later_at or at)
    return waiting.later_at
