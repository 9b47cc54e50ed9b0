"""Somebody takes incidents, one or many of a group: recorded, announced and told to those who were notified of them, in
one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
import structlog

from controller.decisions.acknowledgement import Lasts, ends_at
from controller.decisions.notification.receiver_key import receiver_key
from controller.model import Principal
from controller.model.audit import Actor, AuditAction, AuditObject, ObjectKind
from controller.operations.audit.recording import ChangeOf, record_many
from controller.pipeline.delivery.acknowledged_notifications import notify_of_taking
from controller.store.incidents import acknowledging, events, reading
from controller.store.platform.pool import Connection, OneTransaction

log = structlog.get_logger()

LONGEST_SHOWN = 20
"""So many incidents taken at once are named in the log."""


class Taker(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes incidents: `by` names them in timelines, `actor` in the audit log. `receiver_key` is that of the
    message by which they did it; its receiver is not told of it again.
    """

    by: str
    actor: Principal | Actor
    account_id: int | None = None
    receiver_key: str | None = None


async def taker_of(connection: Connection, principal: Principal) -> Taker:
    if service := principal.service:
        return Taker(by=service.name, actor=principal, receiver_key=receiver_key("", "", service.channel_id))
    by = await acknowledging.name_of(connection, principal.account_id, principal.token_id)
    return Taker(by=by, actor=principal, account_id=principal.account_id)


async def take(
    connection: Connection, incident_ids: Sequence[int], taker: Taker, lasts: Lasts, comment: str, now: datetime
) -> int:
    """Take those of the incidents that are open and that nobody has, or that the taker has for a shorter time; return
    how many. The caller holds the locks of their monitors' states.
    """
    until = ends_at(lasts, now)
    taken = await acknowledging.take(
        connection, incident_ids, by=taker.by, until=until, comment=comment, account_id=taker.account_id
    )
    if not taken:
        return 0
    await events.insert_incident_events(connection, taken)
    notified = await notify_of_taking(
        connection,
        taken,
        by=taker.by,
        lasts=lasts,
        until=until,
        comment=comment,
        receiver_key=taker.receiver_key,
    )
    await _record(connection, taker, AuditAction.INCIDENT_ACKNOWLEDGED, [incident.id for incident, _ in taken])
    log.info(
        "incidents_acknowledged",
        incidents=len(taken),
        incident_ids=[str(incident.public_id) for incident, _ in taken[:LONGEST_SHOWN]],
        lasts=lasts.value,
        notified=notified,
    )
    return len(taken)


async def _record(connection: Connection, taker: Taker, action: AuditAction, incident_ids: Sequence[int]) -> None:
    """What was written stands in the incidents' timelines, and not in the audit log too."""
    found = await reading.some(connection, incident_ids)
    await record_many(
        OneTransaction(connection),
        taker.actor,
        [
            ChangeOf(
                action=action,
                what=AuditObject(
                    kind=ObjectKind.INCIDENT,
                    id=str(one.public_id),
                    name=one.monitor_name,
                    organization_id=one.organization_id,
                ),
                before=None,
                after=None,
            )
            for one in found
        ],
    )
