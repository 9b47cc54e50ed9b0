"""What somebody needs to know about an incident to notice that its page is out of date."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from controller.decisions.access import Permission
from controller.model import Principal
from controller.operations.incidents.incidents import incident_for
from controller.store.notifications import deliveries
from controller.store.platform.pool import Database


class FollowedIncident(NamedTuple):
    """`waiting`: a notification about it is not delivered yet, and there is no event when it will be."""

    monitor: UUID
    waiting: bool


async def follow_incident(database: Database, principal: Principal, public_id: UUID) -> FollowedIncident:
    """Raises NotFoundError, ForbiddenError, StoreUnavailableError."""
    async with database.connection() as connection:
        incident = await incident_for(connection, principal, Permission.READ, public_id)
        waiting = await deliveries.any_waiting(connection, incident.id)
    return FollowedIncident(incident.monitor_public_id, waiting)
