"""Notify the channels that subscribe to changes of facts: at once, in one message for all that changed together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.comparison.change_words import FINDINGS
from controller.decisions.comparison.signs import SignKind
from controller.decisions.notification.fact_subscriptions import subscription_of
from controller.decisions.notification.receiver_key import receiver_key
from controller.decisions.notification.rules import channel_kind
from controller.decisions.packages import closed_channels
from controller.notify.addresses import email_addresses, phone_numbers
from controller.notify.notice import PlainNotice
from controller.store.comparison.changes import NewChange
from controller.store.maintenance.covered import maintenance_at
from controller.store.notifications import deliveries, fact_channels
from controller.store.notifications.alerts import ChannelRow
from controller.store.notifications.deliveries import NewDelivery
from controller.store.notifications.fact_channels import NoticeOrigin
from controller.store.platform.pool import Connection

_PERSISTENCE = "This held for three rounds of checks before this message was sent."


async def notify_of_changes(
    connection: Connection, monitor_id: int, organization_id: int, changes: Sequence[NewChange], now: datetime
) -> None:
    """Queue one delivery for each receiver. Nobody is notified while the monitor is in maintenance."""
    kinds = {change: subscription_of(change.fact, change.finding).value for change in changes}
    channels = await fact_channels.subscribed(connection, monitor_id, set(kinds.values())) if kinds else []
    origin = await fact_channels.origin_of(connection, monitor_id) if channels else None
    if origin is None or origin.quiet or await maintenance_at(connection, monitor_id, now) is not None:
        return
    served: set[str] = set()
    closed = closed_channels(origin.gates)
    for channel, subscribed in channels:
        if channel_kind(channel.type) in closed:
            continue
        if channel.allowed_package_types is not None and origin.package not in channel.allowed_package_types:
            continue
        own = [change for change in changes if kinds[change] in subscribed]
        receivers = []
        for receiver in _reached(channel):
            key = receiver_key(channel.type, receiver, channel.id)
            if key not in served:
                served.add(key)
                receivers.append(NewDelivery(channel.id, channel.name, channel.type, receiver))
        notice = msgspec.to_builtins(notice_of_changes(own, origin, now))
        await deliveries.insert(connection, organization_id, notice, receivers)


def notice_of_changes(changes: Sequence[NewChange], origin: NoticeOrigin, now: datetime) -> PlainNotice:
    first, *others = changes
    more = f" (and {len(others)} more)" if others else ""
    meanings = [
        FINDINGS[SignKind(change.finding)].meaning
        for change in changes
        if change.finding is not None and change.change == "began"
    ]
    return PlainNotice(
        title=f"{origin.monitor_name}: {_title(first)}{more}",
        paragraphs=[
            *(f"{change.words}." for change in changes),
            *meanings,
            f"Customer: {origin.customer_name}. {_PERSISTENCE}",
        ],
        at=now,
        time_zone=origin.time_zone,
        path=page_of_changes(first.owner.monitor),
    )


def page_of_changes(monitor: UUID) -> str:
    return f"/changes?monitor={monitor}"


def _title(change: NewChange) -> str:
    where = ", ".join(dict.fromkeys(change.countries))
    if change.fact == "certificate":
        return f"the certificate changed in {where}"
    words = change.words.partition(":")[0].partition(";")[0]
    return words if words.startswith("STARTTLS") else words[:1].lower() + words[1:]


def _reached(channel: ChannelRow) -> Sequence[str]:
    match channel.type:
        case "email":
            return email_addresses(channel.config)
        case "sms":
            return phone_numbers(channel.config)
        case _:
            return (channel.name,)
