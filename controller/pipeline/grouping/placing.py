"""Decide which receivers of an incident's change hear of it at once, and have the others hear of it with the rest of
its group.

Call every function in the transaction that made the change, which holds the lock of store.incidents.groups.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from controller.decisions.evaluation.state import ChangeKind
from controller.decisions.notification.group_messages import (
    WORSE,
    GroupReceiver,
    Way,
    next_message_at,
    partial_end_at,
    way,
)
from controller.decisions.notification.grouping import GroupKind, cause_of, placed
from controller.decisions.notification.receiver_key import receiver_key
from controller.decisions.notification.recipients import Receiver
from controller.kinds import is_one_server
from controller.pipeline.server_names import servers_by_monitor
from controller.store.incidents import groups
from controller.store.notifications import group_receivers
from controller.store.notifications.alerts import AlertRow
from controller.store.notifications.group_receivers import GroupedReceiver
from controller.store.platform.pool import Connection


async def place(connection: Connection, row: AlertRow) -> AlertRow:
    """Put an incident into the group of its cause, or into a new one. Returns the row with the group."""
    settings = row.grouping
    failing = [vote for vote in (row.evidence.votes if row.evidence else ()) if vote.ballot == "failed"]
    kinds = [vote.failure.kind.value for vote in failing if vote.failure]
    cause = cause_of(
        hosts=await _hosts(connection, row),
        addresses=await groups.addresses(connection, row.monitor_id, row.due_at),
        customer_id=row.customer_id,
        customer=row.customer_name,
        failure=max(sorted(set(kinds)), key=kinds.count, default=None),
        locations=[vote.location for vote in failing],
        behind=row.behind,
    )
    found = []
    if settings.enabled:
        found = await groups.candidates(connection, row.organization_id, cause, settings, row.now)
    placement = placed(cause, found, settings, row.now)
    number, kind = placement.join, placement.kind
    if number is None:
        number = await groups.insert(connection, row.organization_id, kind, cause, row.now, joinable=settings.enabled)
        if placement.takes:
            await groups.take_over(connection, number, placement.takes)
    else:
        kind = next(one.kind for one in found if one.id == number)
    await groups.put(connection, row.incident_id, number, cause)
    return msgspec.structs.replace(row, group_id=number, group_kind=kind.value)


async def _hosts(connection: Connection, row: AlertRow) -> list[str]:
    if is_one_server(row.monitor_kind):
        return [row.hostname]
    servers = (await servers_by_monitor(connection, [row]))[row.monitor_public_id]
    return list(dict.fromkeys(server.rpartition(":")[0] or server for server in servers))


async def notified_at_once(connection: Connection, row: AlertRow, receivers: Iterable[Receiver]) -> list[Receiver]:
    """Those of the receivers of a change who hear of it by a message of its own; the others wait for one about its
    group. What is known of each receiver is brought up to date.
    """
    receivers = list(receivers)
    if row.group_id is None:
        return receivers
    notified = await group_receivers.notified(connection, row.incident_id)
    keyed = {receiver_key(one.type, one.receiver, one.channel_id): one for one in receivers}
    known = await group_receivers.known(connection, row.group_id, [*keyed, *notified])
    if row.kind in WORSE:
        return await _worse(connection, row, keyed, known, notified)
    return await _following(connection, row, keyed, known, notified)


async def _worse(
    connection: Connection,
    row: AlertRow,
    receivers: dict[str, Receiver],
    known: dict[str, GroupReceiver],
    notified: dict[str, bool],
) -> list[Receiver]:
    at_once = []
    for key, receiver in receivers.items():
        earlier = known.get(key)
        how = way(row.kind, row.incident_id, _kind(row), earlier, is_waiting=notified.get(key, False))
        from_at = receiver.not_before or row.at
        if key not in notified:
            one = GroupedReceiver(key, receiver.channel_id, receiver.channel_name, receiver.type, receiver.receiver)
            await group_receivers.add(
                connection, _group(row), one, row.incident_id, from_at, at_once=how is Way.AT_ONCE
            )
        if how is Way.AT_ONCE:
            at_once.append(receiver)
            continue
        await _wait(connection, row, key, from_at, next_message_at(earlier, row.grouping, from_at))
    return at_once


async def _following(
    connection: Connection,
    row: AlertRow,
    receivers: dict[str, Receiver],
    known: dict[str, GroupReceiver],
    notified: dict[str, bool],
) -> list[Receiver]:
    """What is known of receivers that are notified of nothing any more is brought up to date too."""
    ended = row.kind == ChangeKind.RESOLVED
    at_once = []
    for key in dict.fromkeys([*receivers, *notified]):
        earlier, waits = known.get(key), notified.get(key, False)
        how = way(row.kind, row.incident_id, _kind(row), earlier, is_waiting=waits)
        if ended and key in notified:
            if waits:
                await group_receivers.drop(connection, _group(row), key, row.incident_id)
            elif how is Way.TOGETHER and key in receivers:
                await _wait(connection, row, key, row.at, None)
            at = None if how is Way.AT_ONCE else partial_end_at(earlier, row.grouping, row.at)
            await group_receivers.end(connection, _group(row), key, at)
        elif how is Way.ALONG and key in receivers:
            await _wait(connection, row, key, row.at, None)
        if key in receivers and how is Way.AT_ONCE:
            at_once.append(receivers[key])
    return at_once


async def _wait(connection: Connection, row: AlertRow, key: str, not_before: datetime, due_at: datetime | None) -> None:
    await group_receivers.wait(
        connection, _group(row), key, row.incident_id, row.change_id, row.kind, not_before, due_at
    )


def _kind(row: AlertRow) -> GroupKind:
    return GroupKind(row.group_kind or GroupKind.CAUSE)


def _group(row: AlertRow) -> int:
    assert row.group_id is not None  # noqa: S101 - notified_at_once returned before
    return row.group_id
