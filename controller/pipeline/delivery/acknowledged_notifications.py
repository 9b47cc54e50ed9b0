"""Tell those who were notified of incidents who took them: each receiver once, however many incidents were taken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from controller.decisions.acknowledgement import Lasts
from controller.notify.notice import NoticeAcknowledgement
from controller.pipeline.notifications.incident_notifications import stored_notice
from controller.store.incidents.incidents import StoredChange, StoredIncident
from controller.store.notifications import alerts, deliveries
from controller.store.notifications.deliveries import NewDelivery
from controller.store.notifications.listeners import listeners
from controller.store.platform.pool import Connection


async def notify_of_taking(
    connection: Connection,
    taken: Sequence[tuple[StoredIncident, StoredChange]],
    *,
    by: str,
    lasts: Lasts,
    until: datetime | None,
    comment: str,
    receiver_key: str | None,
) -> int:
    """Make the deliveries, one for each receiver but the one with `receiver_key`, who took them. Return how many.

    Call it in the transaction that recorded the acknowledgement.
    """
    changes = {incident.id: (incident, change) for incident, change in taken}
    made = 0
    for one in await listeners(connection, list(changes), besides=receiver_key):
        incident, change = changes[one.incident_id]
        row = await alerts.alert(connection, incident.id, change.id)
        if row is None:
            continue
        acknowledgement = NoticeAcknowledgement(
            by=by, lasts=lasts, until=until, comment=comment, others=one.incidents - 1
        )
        notice = await stored_notice(connection, msgspec.structs.replace(row, reason=incident.reason))
        made += await deliveries.insert(
            connection,
            row.organization_id,
            notice | {"acknowledgement": msgspec.to_builtins(acknowledgement)},
            [NewDelivery(one.channel_id, one.channel_name, one.type, one.receiver)],
            incident_id=one.thread_incident_id,
            change_id=change.id,
        )
    return made
