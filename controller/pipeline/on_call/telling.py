"""Make the deliveries of a reminder, or of a step of an escalation policy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from controller.decisions.notification.group_messages import next_message_at
from controller.decisions.notification.receiver_key import receiver_key
from controller.decisions.on_call.escalation import Escalating
from controller.decisions.on_call.rota import OnCall, on_call
from controller.decisions.on_call.taking import WaitingIncident
from controller.model.notification.on_call import EscalationPolicy
from controller.notify.notice import NoticeOnCall
from controller.off_loop import off_loop
from controller.pipeline.notifications.incident_notifications import notice_of
from controller.pipeline.notifications.recipient_channels import reached
from controller.store.notifications import group_receivers
from controller.store.notifications.alerts import ChannelRow
from controller.store.notifications.deliveries import NewDelivery
from controller.store.on_call import due, rotas, telling
from controller.store.on_call.due import NotifiedReceiver
from controller.store.on_call.reachable import active_channels, reachable_of
from controller.store.platform.pool import Connection

_MOST_NAMED = 10
_REMINDER = "reminder"


async def remind(
    connection: Connection,
    organization_id: int,
    group_id: int,
    receiver: NotifiedReceiver,
    incidents: Sequence[WaitingIncident],
    now: datetime,
) -> int:
    """Remind somebody of these incidents, those that wait longest first. Returns the number of deliveries."""
    if not await telling.claim_reminder(connection, group_id, receiver.key, receiver.reminders + 1):
        return 0
    notice = await _notice(connection, incidents, _since(incidents[0].outage_started_at, now), known=True)
    if notice is None:
        return 0
    receiving = NewDelivery(receiver.channel_id, receiver.channel_name, receiver.type, receiver.receiver)
    await telling.tell(connection, organization_id, group_id, receiver.thread_id, notice, receiving)
    return 1


async def tell_step(
    connection: Connection, group_id: int, policy: EscalationPolicy, number: int, state: Escalating, now: datetime
) -> int:
    """Tell the channels of a step and who is on call, once for those that wait. Returns the number of deliveries."""
    incidents = state.incidents
    if state.since is None:
        return 0
    receivers = await _receivers(connection, policy, number, incidents, now)
    names = [_name(one) for one in receivers]
    if not await telling.claim_step(connection, group_id, policy.id, number, names, since=state.since):
        return 0
    numbers = [one.id for one in incidents]
    for receiver, thread in zip(
        receivers, await telling.threads(connection, group_id, receivers, numbers), strict=True
    ):
        reason = NoticeOnCall(minutes=_minutes(state.since, now), step=number + 1, policy=policy.name)
        notice = await _notice(connection, incidents, reason, known=thread is not None)
        if notice is not None:
            begins = incidents[0].id if thread is None else thread.incident_id
            await telling.tell(connection, policy.organization_id, group_id, begins, notice, receiver, numbers)
    return len(receivers)


async def tell_of_joined(
    connection: Connection,
    group_id: int,
    policy: EscalationPolicy,
    steps: Sequence[int],
    state: Escalating,
    now: datetime,
) -> None:
    """Have those who were told by these steps hear of what joined the group since, by the messages about it."""
    numbers = [one.id for one in state.incidents]
    keys: set[str] = set()
    for step in steps:
        for one in await _receivers(connection, policy, step, state.incidents, now):
            keys.add(receiver_key(one.type, one.receiver, one.channel_id))
    known = await group_receivers.known(connection, group_id, sorted(keys))
    settings = await telling.grouping_of(connection, state.incidents[-1].customer_id)
    for key, earlier in known.items():
        if earlier.messages and earlier.open_incidents:
            await telling.tell_later(connection, group_id, key, numbers, next_message_at(earlier, settings, now))


async def _receivers(
    connection: Connection,
    policy: EscalationPolicy,
    number: int,
    incidents: Sequence[WaitingIncident],
    now: datetime,
) -> list[NewDelivery]:
    """Each address once. A person who may not see all customers of these incidents is not told."""
    step = policy.steps[number]
    channels = [one.id for one in step.channels]
    people: list[str] = []
    if step.rota is not None:
        who = await who_is_on_call(connection, policy.organization_id, step.rota.id, now)
        customers = {one.customer_id for one in incidents}
        channels += (one.id for one in who.channels)
        people += (one.email for one in who.people if one.customer_ids is None or customers <= one.customer_ids)
    found: dict[str, NewDelivery] = {}
    for channel in await active_channels(connection, policy.organization_id, channels):
        for receiver in reached(channel):
            found.setdefault(receiver_key(channel.type, receiver, channel.id), _by_channel(channel, receiver))
    for email in people:
        found.setdefault(receiver_key("email", email, None), NewDelivery(None, None, "email", email))
    return list(found.values())


async def who_is_on_call(connection: Connection, organization_id: int, rota_id: int, at: datetime) -> OnCall:
    """Who is on call in a rota; nobody in one that is gone."""
    reachable = await reachable_of(connection, organization_id)
    found = await rotas.rotas_of(connection, organization_id, number=rota_id)
    overrides = await rotas.overrides_of(connection, rota_id, since=at)
    events = found[0].events if found else ()
    return await off_loop(lambda: on_call(events, overrides, reachable, at))


async def _notice(
    connection: Connection, incidents: Sequence[WaitingIncident], reason: NoticeOnCall, *, known: bool
) -> Any:
    """The notice of the first of these incidents, in which the others are named; None when there is none."""
    first, *others = incidents
    change_id = await due.worst_change(connection, first.id)
    found = None if change_id is None else await notice_of(connection, first.id, change_id)
    if found is None:
        return None
    named = msgspec.structs.replace(reason, more=len(others), others=list(_names(others)))
    change = _REMINDER if known else "opened"
    return msgspec.to_builtins(msgspec.structs.replace(found, change=change, severity=first.severity, on_call=named))


def _names(incidents: Sequence[WaitingIncident]) -> Iterator[str]:
    return (one.monitor_name for one in incidents[:_MOST_NAMED])


def _since(began: datetime, now: datetime) -> NoticeOnCall:
    return NoticeOnCall(minutes=_minutes(began, now))


def _minutes(since: datetime, now: datetime) -> int:
    return max(0, round((now - since).total_seconds() / 60))


def _by_channel(channel: ChannelRow, receiver: str) -> NewDelivery:
    return NewDelivery(channel.id, channel.name, channel.type, receiver)


def _name(receiver: NewDelivery) -> str:
    return receiver.channel_name or receiver.receiver
