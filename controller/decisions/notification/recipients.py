"""Decides who is notified of an incident's change, and when. Pure.

An outage is reported on the channels of the monitor, its customer and its organization, a regional one only on the
monitor's own. Later changes are reported only to those who were notified of the outage, and its end to all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from controller.decisions.evaluation.state import ChangeKind, Severity
from controller.decisions.notification.receiver_key import receiver_key
from controller.decisions.notification.rules import NO_RULES, ChannelRules, channel_kind


class OwnerScope(StrEnum):
    """The owner of a channel or an address; the closest to the monitor comes first."""

    MONITOR = "monitor"
    CUSTOMER = "customer"
    ORGANIZATION = "organization"


class RecipientChannel(NamedTuple):
    """An active channel or, without an id, the monitor's or customer's own address.

    `receivers` are the addresses of an e-mail or text message channel; of any other, its name. `least_seconds` is how
    long an incident must last before it is reported there; `packages` are the customers' packages it is for, None is
    any; with `only_full` it is not for regional outages.
    """

    id: int | None
    type: str
    scope: OwnerScope
    receivers: tuple[str, ...]
    name: str | None = None
    delay_seconds: int = 0
    least_seconds: int = 0
    packages: frozenset[str] | None = None
    only_full: bool = False


class Receiver(NamedTuple):
    """One receiver: a channel (by id and name) or, without one, its own address; at once, or not before a moment."""

    channel_id: int | None
    channel_name: str | None
    type: str
    receiver: str
    not_before: datetime | None = None


class Affected(NamedTuple):
    """What a change is about. `in_maintenance`: the monitor was when the checks that show the change were due.
    `channels` and `targets` are the defaults that the organization set, as it sent them; `rules` are what the
    notification rules and the customer's package say.
    """

    in_maintenance: bool
    notify_on_error: bool
    package: str | None
    started_at: datetime
    channels: Mapping[str, Any]
    targets: Mapping[str, Any]
    rules: ChannelRules = NO_RULES


FOLLOWING = frozenset({ChangeKind.EASED, ChangeKind.FLAPPING, ChangeKind.RESOLVED})
"""Changes that are reported only to those who were notified of the outage."""


class Audience(StrEnum):
    EVERYBODY = "everybody"  # the monitor's, the customer's and the organization's channels
    NEAREST = "nearest"  # the monitor's own channels, and its address or its customer's
    FOLLOWERS = "followers"  # those who were notified of this incident before
    NOBODY = "nobody"


def audience(kind: str, severity: Severity, affected: Affected) -> Audience:
    """`kind` is a ChangeKind, or what a person did. In maintenance nobody is notified of a new outage, but those who
    were notified of one before are notified of its end. With AlertSite's notify_on_error off, nobody is notified of
    anything.
    """
    if not affected.notify_on_error:
        return Audience.NOBODY
    if kind == ChangeKind.RESOLVED:
        return Audience.FOLLOWERS
    if affected.in_maintenance:
        return Audience.NOBODY
    match kind:
        case ChangeKind.OPENED | ChangeKind.ESCALATED:
            return Audience.NEAREST if severity is Severity.PARTIAL else Audience.EVERYBODY
        case _ if kind in FOLLOWING:
            return Audience.FOLLOWERS
        case _:  # people's comments on an incident are only shown on its page
            return Audience.NOBODY


def receivers(
    channels: Iterable[RecipientChannel], audience_level: Audience, affected: Affected, at: datetime
) -> Sequence[Receiver]:
    """The receivers of these channels for an outage, each address once however many channels name it.

    Of several channels to the same address the earliest is used; among equally early ones, the closest to the monitor.
    """
    found: dict[str, Receiver] = {}
    for channel in sorted(channels, key=lambda one: list(OwnerScope).index(one.scope)):
        if not _concerns(channel, audience_level, affected):
            continue
        begins = affected.started_at + timedelta(seconds=channel.least_seconds)
        delay = max(channel.delay_seconds, affected.rules.delay_seconds)
        not_before = max(at + timedelta(seconds=delay), begins)
        for receiver in channel.receivers:
            key = receiver_key(channel.type, receiver, channel.id)
            before = found.get(key)
            if before is None or not_before < (before.not_before or at):
                wait = not_before if not_before > at else None
                found[key] = Receiver(channel.id, channel.name, channel.type, receiver, wait)
    return list(found.values())


def _concerns(channel: RecipientChannel, audience_level: Audience, affected: Affected) -> bool:
    """Whether the channel is used. The organization's defaults say which types of channels are used, and whose; a
    monitor's own channels are always used.
    """
    if channel.packages is not None and affected.package not in channel.packages:
        return False
    if channel.only_full and audience_level is Audience.NEAREST:
        return False
    channel_group = channel_kind(channel.type)
    if channel_group in affected.rules.closed:
        return False
    if channel.scope is OwnerScope.MONITOR:
        return True
    if audience_level is Audience.NEAREST and channel.id is not None:
        return False
    if affected.channels.get(channel_group) is False or channel_group in affected.rules.off:
        return False
    return affected.targets.get(channel_group, "both") in ("both", channel.scope.value)
