"""What the pages of channels show. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from controller.decisions.notification.channels import MINIMUM_DURATION, ONLY_FULL
from controller.decisions.notification.digests import digest_words
from controller.decisions.notification.fact_subscriptions import SUBSCRIPTIONS
from controller.decisions.notification.quiet_hours import quiet_words
from controller.model import Channel, ChannelDelivery, Customer
from controller.model.notification.quiet_hours import quiet_hours_in
from controller.model.values.digest import digest_in
from controller.model.values.masking import masked
from controller.notify.addresses import email_addresses, phone_numbers
from controller.operations.channels.channels import ChannelView
from controller.operations.channels.deliveries import STATES, DeletionEffect, DeliveriesFound, LatestDelivery
from controller.pages.settings.channels.advice import TriedView
from controller.pages.settings.channels.hooks import HookView
from controller.pages.settings.channels.words import KINDS, kind_label
from controller.pages.shell.texts import span
from controller.pages.words.incidents import delivery_state

DONE = {
    "created": "The channel is there. Send a test to see whether messages arrive.",
    "changed": "The channel is changed.",
    "enabled": "The channel is enabled: it is notified from now on.",
    "disabled": "The channel is disabled: nothing is sent through it until it is enabled again.",
    "deleted": "The channel is deleted.",
    "subscribed": "The address gets digests again.",
}
_RECEIVERS = {"email": email_addresses, "sms": phone_numbers}
_MOST_SHOWN = 3
_STATE_WORDS = {
    "waiting": "waiting",
    "held": "held by quiet hours",
    "digested": "in a digest",
    "sent": "sent",
    "failed": "failed for good",
    "skipped": "not sent",
}


class ScopeView(msgspec.Struct, frozen=True, kw_only=True):
    """Whose incidents a channel is notified of; `path` leads to the monitor, where it is for one alone."""

    words: str
    name: str
    path: str


class ListedChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel of the list. `changes`: it is notified of some changes of servers too. `state` and `words` are of its
    latest delivery; empty when there was none.
    """

    path: str
    name: str
    type: str
    receivers: str
    scope: ScopeView
    changes: bool
    when: str
    enabled: bool
    warned: bool
    state: str
    words: str
    at: datetime | None
    error: str


class ChannelsView(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[ListedChannel]
    following: str
    done: str


class TypesView(msgspec.Struct, frozen=True, kw_only=True):
    """The types to choose from: those that need no other service first."""

    groups: list[tuple[str, list[tuple[str, str, str]]]]
    done: str = ""


class SentView(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery. `at` is when it was sent or decided; `next_at` is None unless it waits."""

    at: datetime
    subject: str
    incident: str
    change: str
    receiver: str
    state: str
    words: str
    attempts: int
    error: str
    next_at: datetime | None
    tries: list[tuple[datetime, str]]


class ChannelPageView(msgspec.Struct, frozen=True, kw_only=True):
    """A channel with its deliveries. `facts` are names and values. `unsubscribed` are addresses that left its
    digests, and when. `hook` is how its service calls back, where it does. `tried` is what a test found.
    """

    path: str
    channel: ListedChannel
    for_ops: bool
    facts: list[tuple[str, str]]
    warnings: list[str]
    unsubscribed: list[tuple[str, datetime]]
    hook: HookView | None
    deliveries: list[SentView]
    states: list[tuple[str, str]]
    chosen: str
    following: str
    begun: bool
    tried: TriedView | None
    done: str


class EffectView(msgspec.Struct, frozen=True, kw_only=True):
    """What ends with a channel. `others` are those that are still notified."""

    path: str
    name: str
    type: str
    scope: ScopeView
    waiting: int
    others: list[tuple[str, str, str]]
    enabled: bool
    for_ops: bool
    done: str = ""


def channels_view(
    views: Sequence[ChannelView],
    latest: Mapping[int, LatestDelivery],
    customers: Sequence[Customer],
    following: str | None,
    done: str,
) -> ChannelsView:
    names = {one.public_id: one.name for one in customers}
    return ChannelsView(
        rows=[channel_row(one, latest.get(one.channel.id), names) for one in views],
        following=f"/settings/channels?{urlencode({'cursor': following})}" if following else "",
        done=DONE.get(done, ""),
    )


def types_view() -> TypesView:
    direct = [(type_, one.label, one.needs) for type_, one in KINDS.items() if type_ in {"email", "sms", "webhook"}]
    others = [(type_, one.label, one.needs) for type_, one in KINDS.items() if type_ not in {"email", "sms", "webhook"}]
    return TypesView(groups=[("Sent by Mailprobe itself", direct), ("Chat and on-call services", others)])


def channel_row(view: ChannelView, latest: LatestDelivery | None, names: Mapping[UUID, str]) -> ListedChannel:
    channel = view.channel
    state, words = delivery_state(latest.state) if latest else ("", "")
    return ListedChannel(
        path=path_of(channel.public_id),
        name=masked(channel.name),
        type=kind_label(channel.type),
        receivers=_receivers(view),
        scope=scope_of(channel, names),
        changes=bool(channel.fact_changes) and not channel.for_ops,
        when=_when(channel),
        enabled=channel.is_active,
        warned=bool(view.warnings),
        state=state,
        words=words,
        at=latest.at if latest else None,
        error=masked(latest.error or "") if latest and latest.state != "sent" else "",
    )


def channel_page_view(
    view: ChannelView,
    found: DeliveriesFound,
    names: Mapping[UUID, str],
    *,
    unsubscribed: Sequence[tuple[str, datetime]],
    hook: HookView | None,
    chosen: str,
    begun: bool,
    tried: TriedView | None,
    done: str,
) -> ChannelPageView:
    path = path_of(view.channel.public_id)
    following = urlencode({name: text for name, text in (("state", chosen), ("cursor", found.next_cursor)) if text})
    return ChannelPageView(
        path=path,
        channel=channel_row(view, None, names),
        for_ops=view.channel.for_ops,
        facts=_facts(view),
        warnings=view.warnings,
        unsubscribed=list(unsubscribed),
        hook=hook,
        deliveries=[_sent(one) for one in found.items],
        states=[(state, _STATE_WORDS[state]) for state in STATES],
        chosen=chosen,
        following=f"{path}?{following}" if found.next_cursor else "",
        begun=begun,
        tried=tried,
        done=DONE.get(done, ""),
    )


def effect_view(effect: DeletionEffect, names: Mapping[UUID, str]) -> EffectView:
    channel = effect.channel
    return EffectView(
        path=path_of(channel.public_id),
        name=masked(channel.name),
        type=kind_label(channel.type),
        scope=scope_of(channel, names),
        waiting=effect.waiting,
        others=[(path_of(one.public_id), masked(one.name), kind_label(one.type)) for one in effect.others],
        enabled=channel.is_active,
        for_ops=channel.for_ops,
    )


def path_of(public_id: UUID) -> str:
    return f"/settings/channels/{public_id}"


def scope_of(channel: Channel, names: Mapping[UUID, str]) -> ScopeView:
    if channel.for_ops:
        return ScopeView(words="notices about this installation", name="", path="")
    if channel.monitor_public_id is not None:
        return ScopeView(words="", name="one monitor", path=f"/monitors/{channel.monitor_public_id}")
    if channel.customer_public_id is not None:
        return ScopeView(words="customer", name=names.get(channel.customer_public_id, "another one"), path="")
    return ScopeView(words="every customer", name="", path="")


def _receivers(view: ChannelView) -> str:
    read = _RECEIVERS.get(view.channel.type)
    if read is None:
        return masked(str(view.config.get("url") or ""))
    found = list(read(view.config))
    more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    return ", ".join(found[:_MOST_SHOWN]) + more


def _when(channel: Channel) -> str:
    if channel.for_ops:
        return "at once"
    shortest = (channel.conditions or {}).get(MINIMUM_DURATION)
    parts = [f"{span(channel.delay_seconds)} after the confirmation"] if channel.delay_seconds else []
    if shortest:
        parts.append(f"only of incidents longer than {span(shortest)}")
    if (channel.conditions or {}).get(ONLY_FULL) is True:
        parts.append("only of full outages")
    return ", ".join(parts) or "at once"


def _facts(view: ChannelView) -> list[tuple[str, str]]:
    channel = view.channel
    facts = [("Type", kind_label(channel.type)), ("To", _receivers(view)), ("When", _when(channel))]
    if not channel.for_ops:
        subscribed = [words.label for one, words in SUBSCRIPTIONS.items() if one.value in channel.fact_changes]
        facts.append(("Also when", "; ".join(subscribed)))
    if hours := quiet_hours_in(channel.quiet_hours):
        facts.append(("Quiet hours", quiet_words(hours, "organization's time")))
    if digest := digest_in(channel.digest):
        facts.append(("Digest", digest_words(digest)))
    facts.append(("Priority", f"{channel.priority} (lower numbers first)"))
    if channel.allowed_package_types:
        facts.append(("Packages", ", ".join(channel.allowed_package_types)))
    return [(name, value) for name, value in facts if value]


def _sent(found: ChannelDelivery) -> SentView:
    one = found.record
    state, words = delivery_state(one.state)
    return SentView(
        at=one.sent_at or one.created_at,
        subject=masked(found.subject) or "a notice",
        incident=f"/incidents/{found.incident_public_id}" if found.incident_public_id else "",
        change=one.change_kind,
        receiver=one.receiver if one.type in _RECEIVERS else "",
        state=state,
        words=words,
        attempts=one.attempts,
        error=masked(one.error or ""),
        next_at=one.next_at if one.state == "waiting" else None,
        tries=[(each.at, masked(each.error) if each.error else "accepted") for each in one.tries],
    )
