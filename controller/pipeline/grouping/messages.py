"""Make the messages about groups of incidents that are due: one to each receiver, with all that waits for it.

Each is made in a transaction that also notes what it told, so nothing is told twice or lost when a controller dies.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import structlog

from controller.decisions.notification.group_messages import wait_until
from controller.notify.notice import MOST_MEMBERS, GroupMember, GroupNotice, NoticeMonitor
from controller.store.evaluation import evaluations
from controller.store.incidents import groups
from controller.store.notifications import group_notices, group_receivers
from controller.store.notifications.group_notices import MemberRow
from controller.store.notifications.group_receivers import NOT_NOTIFIED, DueReceiver, MessageDue
from controller.store.platform.pool import Connection, Database, is_away

log = structlog.get_logger()

MESSAGES_SECONDS = 0.2
_AT_ONCE = 100
_AFTER_FAILURE = timedelta(minutes=1)


async def make_group_messages(db: Database) -> None:
    """Make all messages that are due. One that cannot be made is logged and postponed, so that the others are reached.
    Raises StoreUnavailableError.
    """
    for one in await group_receivers.due(db, _AT_ONCE):
        try:
            await _make(db, one)
        except Exception as error:
            if is_away(error):
                raise
            log.exception("group_message_failed", group_id=one.group_id)
            await _postpone(db, one)


async def _postpone(db: Database, due: DueReceiver) -> None:
    async with db.transaction() as connection:
        await groups.lock(connection, [due.organization_id])
        at = await evaluations.now(connection) + _AFTER_FAILURE
        await group_receivers.postpone(connection, due.group_id, due.key, at)


async def _make(db: Database, due: DueReceiver) -> None:
    async with db.transaction() as connection:
        await groups.lock(connection, [due.organization_id])
        message = await group_receivers.message_due(connection, due.group_id, due.key)
        if message is None:
            return
        waiting = message.waiting
        again_at = wait_until(waiting, message.open_incidents, message.now)
        if again_at is not None or not (waiting.worse or waiting.ended):
            await group_receivers.postpone(connection, due.group_id, due.key, again_at)
            return
        if not waiting.worse and not await group_receivers.was_notified(connection, due.group_id, due.key):
            await group_receivers.drop_waiting(connection, due.group_id, due.key, NOT_NOTIFIED)
            await group_receivers.postpone(connection, due.group_id, due.key, waiting.later_at)
            return
        notice = await _notice(connection, due, message)
        await group_receivers.send(connection, due.group_id, message, notice, waiting.later_at)
    log.info("group_message_made", group_id=due.group_id, worse=waiting.worse, ended=waiting.ended)


async def _notice(connection: Connection, due: DueReceiver, message: MessageDue) -> Any:
    """The notice as it is stored with a delivery."""
    head = await group_notices.head(connection, due.group_id, due.key)
    members = await group_notices.members(connection, due.group_id, due.key, MOST_MEMBERS)
    over = not message.open_incidents
    notice = GroupNotice(
        group_public_id=head.public_id,
        kind=head.kind,
        cause=head.cause,
        at=message.now,
        opened_at=head.opened_at,
        number=message.waiting.ended if over else message.waiting.worse,
        members=[_member(one) for one in members],
        causes=await group_notices.causes(connection, due.group_id, due.key),
        still_open=message.open_incidents,
        organization=head.organization,
        time_zone=head.time_zone,
        over=over,
        ended=message.waiting.ended,
        thread=head.thread,
        threads=head.threads,
    )
    return msgspec.to_builtins(notice)


def _member(row: MemberRow) -> GroupMember:
    return GroupMember(
        incident_public_id=row.incident_public_id,
        monitor=NoticeMonitor(
            id=row.monitor_id,
            public_id=row.monitor_public_id,
            name=row.monitor_name,
            kind=row.monitor_kind,
            hostname=row.hostname,
            port=row.port,
        ),
        customer=row.customer,
        change=row.change,
        severity=row.severity,
        reason=row.reason,
        cause=row.cause,
        outage_started_at=row.outage_started_at,
        resolved_at=row.resolved_at,
    )
