"""Who is told of an incident's change, and not before when. Pure.

An outage is told to everybody whose it is, a regional one only on the monitor's own channels. What follows is told to
those who were told of the outage, and to nobody else: who heard of it must hear of its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from controller.decisions.evaluation.state import ChangeKind, Severity
from controller.model import MonitorStatus


class Scope(StrEnum):
    """Whose a channel or an address is, the nearest first."""

    MONITOR = "monitor"
    CUSTOMER = "customer"
    ORGANIZATION = "organization"


class Channel(NamedTuple):
    """An active channel or, without an id, the monitor's or customer's own address.

    `receivers` are the addresses of an e-mail or text message channel; of any other, its name. `least_seconds` is how
    long an incident must last before it is told; `packages` are the customers' packages it is for, None is any.
    """

    id: int | None
    type: str
    scope: Scope
    receivers: tuple[str, ...]
    name: str | None = None
    delay_seconds: int = 0
    least_seconds: int = 0
    packages: frozenset[str] | None = None


class Receiver(NamedTuple):
    """One who is told: on a channel (by id and name) or, without one, at their own address; at once, or not before."""

    channel_id: int | None
    channel_name: str | None
    type: str
    receiver: str
    not_before: datetime | None = None


class Affected(NamedTuple):
    """What a change is about. `channels` and `targets` are what the organization set as defaults, as it sent them."""

    status: MonitorStatus
    notify_on_error: bool
    package: str | None
    started_at: datetime
    channels: Mapping[str, Any]
    targets: Mapping[str, Any]


FOLLOWING = frozenset({ChangeKind.EASED, ChangeKind.FLAPPING, ChangeKind.RESOLVED})
"""What is told only to those who were told of the outage."""


class Audience(StrEnum):
    EVERYBODY = "everybody"  # whose the monitor is
    NEAREST = "nearest"  # the monitor's own channels, and its address, be it its customer's
    FOLLOWERS = "followers"  # who was told of this incident before
    NOBODY = "nobody"


def audience(kind: str, severity: Severity, affected: Affected) -> Audience:
    """`kind` is a ChangeKind, or what a person did. In maintenance nobody hears of new trouble; of the end of what they
    were told before, they do. With AlertSite's notify_on_error off, nobody hears of anything.
    """
    if not affected.notify_on_error:
        return Audience.NOBODY
    if kind == ChangeKind.RESOLVED:
        return Audience.FOLLOWERS
    if affected.status is MonitorStatus.MAINTENANCE:
        return Audience.NOBODY
    match kind:
        case ChangeKind.OPENED | ChangeKind.ESCALATED:
            return Audience.NEAREST if severity is Severity.PARTIAL else Audience.EVERYBODY
        case _ if kind in FOLLOWING:
            return Audience.FOLLOWERS
        case _:  # what people write on an incident stays on its page
            return Audience.NOBODY


def receivers(channels: Iterable[Channel], told: Audience, affected: Affected, at: datetime) -> Sequence[Receiver]:
    """Who of these channels is told of an outage, each address once however many channels name it.

    Of several ways to the same address the one that tells first is taken, then the nearest.
    """
    found: dict[tuple[str, str], Receiver] = {}
    for channel in sorted(channels, key=lambda one: list(Scope).index(one.scope)):
        if not _concerns(channel, told, affected):
            continue
        begins = affected.started_at + timedelta(seconds=channel.least_seconds)
        not_before = max(at + timedelta(seconds=channel.delay_seconds), begins)
        for receiver in channel.receivers:
            same = receiver.casefold() if channel.type in ("email", "sms") else f"{channel.id}"
            before = found.get((channel.type, same))
            if before is None or not_before < (before.not_before or at):
                wait = not_before if not_before > at else None
                found[channel.type, same] = Receiver(channel.id, channel.name, channel.type, receiver, wait)
    return list(found.values())


def _concerns(channel: Channel, told: Audience, affected: Affected) -> bool:
    """The organization's defaults say which sorts of channels are used, and whose; a monitor's own are always used."""
    if channel.packages is not None and affected.package not in channel.packages:
        return False
    if channel.scope is Scope.MONITOR:
        return True
    if told is Audience.NEAREST and channel.id is not None:
        return False
    sort = channel.type if channel.type in ("email", "sms", "webhook") else "integrations"
    if affected.channels.get(sort) is False:
        return False
    return affected.targets.get(sort, "both") in ("both", channel.scope.value)
