"""The messages that one receiver, who hears of everything, gets of incidents: what PostgreSQL keeps of groups is kept
in memory here, and `controller.decisions.notification` decides as in the product.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from controller.decisions.evaluation.state import ChangeKind
from controller.decisions.notification.group_messages import (
    PARTIAL_END,
    WORSE,
    GroupReceiver,
    Waiting,
    Way,
    next_message_at,
    wait_until,
    way,
)
from controller.decisions.notification.grouping import (
    STORM_LASTS,
    Cause,
    GroupingSettings,
    GroupKind,
    OpenGroup,
    placed,
)


class Incident(msgspec.Struct, eq=False):
    """An open incident. `held_by` is the one because of which nobody is notified of it. `waits` says whether that it
    opened waits for a message of its group; None while it is nothing to the receiver.
    """

    number: int
    held_by: Incident | None = None
    group: Group | None = None
    waits: bool | None = None
    is_down: bool = False
    over_at: datetime | None = None


class Change(NamedTuple):
    """A change of an incident; `reason` is what really happened, as the simulation knows it."""

    incident: Incident
    kind: ChangeKind
    at: datetime
    reason: str


class Message(NamedTuple):
    """When it was made, which incidents' openings or escalations it reports, and why they really happened."""

    at: datetime
    kind: GroupKind
    worse: tuple[Change, ...]
    ended: tuple[Change, ...]


class Group(msgspec.Struct, eq=False):
    """A group, and what the receiver knows of it."""

    number: int
    kind: GroupKind
    keys: set[str]
    weak_key: str
    opened_at: datetime
    members: list[tuple[Incident, datetime]]
    known: GroupReceiver | None = None
    thread: int = 0
    waiting: list[Change] = []
    due_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return any(incident.over_at is None for incident, _ in self.members)


class GroupMessages:
    """Changes are given in the order of their time; `messages` are what the receiver got."""

    def __init__(self, settings: GroupingSettings | None = None) -> None:
        self._settings = settings or GroupingSettings()
        self._groups: list[Group] = []
        self._made = 0
        self.messages: list[Message] = []

    def worse(self, change: Change, cause: Cause) -> None:
        """An incident opened or escalated."""
        self.until(change.at)
        incident, at = change.incident, change.at
        if incident.held_by is not None:
            return
        if incident.group is None:
            self._place(incident, cause, at)
        group = _group(incident)
        known = group.known
        how = way(change.kind, incident.number, group.kind, known, is_waiting=bool(incident.waits))
        if incident.waits is None:
            incident.waits = how is not Way.AT_ONCE
            _add(group, incident.number, at, at_once=how is Way.AT_ONCE)
        if how is Way.AT_ONCE:
            self.messages.append(Message(at, group.kind, (change,), ()))
        else:
            group.waiting.append(change)
            group.due_at = _sooner(group.due_at, next_message_at(known, self._settings, at))

    def other(self, change: Change) -> None:
        """An incident eased, or comes and goes."""
        self.until(change.at)
        incident = change.incident
        if incident.waits is None:
            return
        group = _group(incident)
        how = way(change.kind, incident.number, group.kind, group.known, is_waiting=incident.waits)
        if how is Way.AT_ONCE:
            self.messages.append(Message(change.at, group.kind, (change,), ()))

    def resolved(self, change: Change) -> None:
        self.until(change.at)
        incident, at = change.incident, change.at
        incident.over_at = at
        if incident.waits is not None:
            group = _group(incident)
            assert group.known
            how = way(change.kind, incident.number, group.kind, group.known, is_waiting=incident.waits)
            if incident.waits:
                group.waiting = [one for one in group.waiting if one.incident is not incident]
                group.known = group.known._replace(incidents=group.known.incidents - 1)
            elif how is Way.TOGETHER:
                group.waiting.append(change)
            still_open = group.known.open_incidents - 1
            group.known = _alone(group, group.known._replace(open_incidents=still_open))
            if how is Way.AT_ONCE:
                self.messages.append(Message(at, group.kind, (), (change,)))
            else:
                group.due_at = at if not still_open else _sooner(group.due_at, at + PARTIAL_END)
        self._groups = [one for one in self._groups if one.is_open or one.due_at is not None]

    def until(self, now: datetime) -> None:
        """Make the messages that are due before."""
        while due := [(one.due_at, one.number, one) for one in self._groups if one.due_at and one.due_at < now]:
            at, _, group = min(due)
            self._make(group, at)

    def _make(self, group: Group, now: datetime) -> None:
        assert group.known
        worse = [one for one in group.waiting if one.kind in WORSE]
        ended = [one for one in group.waiting if one.kind is ChangeKind.RESOLVED]
        first = min((one.at for one in ended), default=None)
        waiting = Waiting(len({one.incident.number for one in worse}), len(ended), first, None)
        group.due_at = wait_until(waiting, group.known.open_incidents, now)
        if group.due_at is None and group.waiting:
            self.messages.append(Message(now, group.kind, tuple(worse), tuple(ended)))
            for one in worse:
                one.incident.waits = False
            group.waiting = []
            group.known = group.known._replace(messages=group.known.messages + 1, notified_at=now)

    def _place(self, incident: Incident, cause: Cause, now: datetime) -> None:
        groups = {one.number: one for one in self._groups if one.is_open}
        found = placed(cause, [_open(one, now) for one in groups.values()], self._settings, now)
        if found.join is None:
            self._made += 1
            group = Group(self._made, found.kind, set(), cause.weak_key, now, [])
            for number in found.takes:
                _take_over(group, groups[number])
                self._groups.remove(groups[number])
            self._groups.append(group)
        else:
            group = groups[found.join]
        group.keys.update(cause.all_keys)
        group.members.append((incident, now))
        incident.group = group


def _open(group: Group, now: datetime) -> OpenGroup:
    joined = sum(now - at < STORM_LASTS for _, at in group.members) if group.kind is GroupKind.STORM else 0
    return OpenGroup(group.number, group.kind, group.keys, group.weak_key, group.opened_at, joined)


def _group(incident: Incident) -> Group:
    assert incident.group
    return incident.group


def _add(group: Group, number: int, at: datetime, *, at_once: bool) -> None:
    known = group.known or GroupReceiver(0, 0, 0, at, None)
    if not known.incidents:
        group.thread = number
    known = known._replace(
        incidents=known.incidents + 1,
        open_incidents=known.open_incidents + 1,
        messages=known.messages + at_once,
        notified_at=at if at_once else known.notified_at,
    )
    group.known = _alone(group, known)


def _alone(group: Group, known: GroupReceiver) -> GroupReceiver:
    return known._replace(alone=group.thread if known.incidents == 1 else None)


def _take_over(storm: Group, other: Group) -> None:
    storm.keys |= other.keys
    storm.members += other.members
    storm.waiting += other.waiting
    for incident, _ in other.members:
        incident.group = storm
    if other.known:
        before = storm.known or GroupReceiver(0, 0, 0, other.known.notified_at, None)
        storm.thread = storm.thread or other.thread
        known = GroupReceiver(
            before.incidents + other.known.incidents,
            before.open_incidents + other.known.open_incidents,
            min(1, before.messages + other.known.messages),
            max(before.notified_at, other.known.notified_at),
            None,
        )
        storm.known = _alone(storm, known)
    if other.due_at is not None:
        storm.due_at = _sooner(storm.due_at, other.due_at)


def _sooner(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else min(one, other)
