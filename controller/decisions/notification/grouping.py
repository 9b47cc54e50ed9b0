"""Decides which incidents have one cause, so that people get one message about all of them. Pure.

An incident joins the open group that has one of its strong keys: the addresses of its server, or its host name. Its
weak key, the customer with the failure and the failing locations, counts only soon after a group began, because an
unrelated outage may look the same. So does what its monitor depends on: before that is known to be down, those behind
it fail, each at its own moment. Many causes at once are a storm, which is one group.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from controller.errors import InvalidError

STORM_SPAN = timedelta(seconds=60)
"""More causes than the limit within this time are a storm."""

STORM_LASTS = timedelta(minutes=5)
"""A storm takes in other causes until fewer incidents than its limit came within this time."""

BEHIND_SPAN = timedelta(minutes=10)
"""Monitors that depend on the same one and fail within this time have one cause: twice the usual longest interval."""

_MOST_SHOWN = 4


class GroupingSettings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How incidents of one cause are reported together: what joins within `group_seconds` after the first message is in
    one more, and later ones in one each `group_update_seconds`. More than `storm_limit` causes in a minute are reported
    as one storm. Off, each incident is reported by itself.
    """

    enabled: bool = True
    group_seconds: int = 60
    group_update_seconds: int = 300
    storm_limit: int = 5


class Grouping(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is set of GroupingSettings for an organization or a customer. None is as the owner above says, or the
    default.
    """

    enabled: bool | None = None
    group_seconds: int | None = None
    group_update_seconds: int | None = None
    storm_limit: int | None = None


LIMITS = {
    "groupSeconds": range(10, 3600 + 1),
    "groupUpdateSeconds": range(30, 86_400 + 1),
    "stormLimit": range(1, 1001),
}
"""What the settings may be."""


def grouping_in_force(organization: Grouping, customer: Grouping) -> GroupingSettings:
    """What holds for a customer's incidents: its own settings, then its organization's, then the defaults."""
    return settings_of(msgspec.to_builtins(organization), msgspec.to_builtins(customer))


def settings_of(organization: Mapping[str, Any] | None, customer: Mapping[str, Any] | None) -> GroupingSettings:
    """The same of what is stored."""
    return msgspec.convert({**(organization or {}), **(customer or {})}, GroupingSettings)


def check_grouping(grouping: Grouping) -> None:
    """Raises InvalidError."""
    for name, value in msgspec.to_builtins(grouping).items():
        allowed = LIMITS.get(name)
        if allowed is not None and value not in allowed:
            raise InvalidError(name, f"must be from {allowed[0]} to {allowed[-1]}")


class Cause(NamedTuple):
    """Why an incident probably happened: keys that others of this cause have too, and `words` for people."""

    keys: tuple[str, ...]
    weak_key: str
    words: str
    behind: tuple[str, ...] = ()

    @property
    def all_keys(self) -> tuple[str, ...]:
        """Those that a group is found by."""
        return self.keys + self.behind


def cause_of(
    *,
    hosts: Sequence[str],
    addresses: Collection[str],
    customer_id: int,
    customer: str,
    failure: str | None,
    locations: Collection[str],
    behind: Iterable[int] = (),
) -> Cause:
    """`addresses` are all that checks of the monitor reached, `failure` is the kind that most failing locations met,
    and `locations` are those that fail. `behind` are the monitors that this one depends on, and itself if others depend
    on it.
    """
    hosts = [host.lower() for host in hosts]
    keys = [f"host {host}" for host in hosts]
    if addresses:
        keys.insert(0, f"addresses {' '.join(sorted(addresses))}")
    server = _listed(hosts) or customer
    words = f"{server} ({_listed(sorted(addresses))})" if addresses and {*addresses} != {*hosts} else server
    weak_key = f"{customer_id} {failure or ''} {' '.join(sorted(locations))}"
    return Cause(tuple(keys), weak_key, words, tuple(f"behind {one}" for one in sorted(behind)))


class GroupKind(StrEnum):
    CAUSE = "cause"
    STORM = "storm"


class OpenGroup(NamedTuple):
    """A group with an incident that has not ended. `joined` is how many incidents opened in it within STORM_LASTS."""

    id: int
    kind: GroupKind
    keys: Collection[str]
    weak_key: str | None
    opened_at: datetime
    joined: int = 0


class Placement(NamedTuple):
    """Where an incident belongs: in the group `join`, or in a new one of this kind, which takes over the groups
    `takes`.
    """

    join: int | None
    kind: GroupKind = GroupKind.CAUSE
    takes: tuple[int, ...] = ()


def placed(cause: Cause, groups: Iterable[OpenGroup], settings: GroupingSettings, now: datetime) -> Placement:
    """`groups` are the organization's open groups that share a key with the cause, all that opened within STORM_SPAN,
    and its storms.
    """
    if not settings.enabled:
        return Placement(None)
    groups = sorted(groups, key=lambda one: (one.opened_at, one.id))
    for key in cause.keys:
        for group in groups:
            if key in group.keys:
                return Placement(group.id)
    for group in groups:
        if now - group.opened_at <= BEHIND_SPAN and not set(cause.behind).isdisjoint(group.keys):
            return Placement(group.id)
    storm = next((one for one in groups if one.kind is GroupKind.STORM and _goes_on(one, settings, now)), None)
    if storm:
        return Placement(storm.id)
    causes = [one for one in groups if one.kind is GroupKind.CAUSE]
    soon = timedelta(seconds=settings.group_seconds)
    for group in causes:
        if group.weak_key == cause.weak_key and now - group.opened_at <= soon:
            return Placement(group.id)
    recent = tuple(one.id for one in causes if now - one.opened_at <= STORM_SPAN)
    if len(recent) >= settings.storm_limit:
        return Placement(None, GroupKind.STORM, recent)
    return Placement(None)


def _goes_on(storm: OpenGroup, settings: GroupingSettings, now: datetime) -> bool:
    return now - storm.opened_at <= STORM_LASTS or storm.joined >= settings.storm_limit


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_SHOWN])
    return f"{shown} and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else shown
