"""Groups of incidents of one cause: read one, and take all its incidents. Who is limited to some customers sees only
their incidents.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.access import Permission, Reach, limits_to, reaches
from controller.decisions.acknowledgement import Lasts
from controller.errors import NotFoundError
from controller.model import Principal
from controller.operations.access import require
from controller.operations.incidents.incidents import incident_for
from controller.operations.incidents.taking import take, taker_of
from controller.store.incidents import acknowledging
from controller.store.incidents import group_pages as store
from controller.store.incidents.group_pages import (
    MOST_INCIDENTS,
    MOST_MESSAGES,
    MOST_TAKEN,
    CauseCount,
    GroupIncident,
    GroupMessage,
    GroupPlace,
    GroupRecord,
)
from controller.store.platform.pool import Connection, Database

__all__ = [
    "GROUP_NOT_FOUND",
    "MOST_INCIDENTS",
    "MOST_MESSAGES",
    "MOST_TAKEN",
    "CauseCount",
    "GroupDetails",
    "GroupIncident",
    "GroupMessage",
    "GroupPlace",
    "acknowledge_group",
    "get_group",
    "place_in_group",
]

GROUP_NOT_FOUND = "Incident group not found"


class GroupDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A group as one principal may see it. `causes` count all of its incidents; of `incidents` and `messages` there are
    MOST_INCIDENTS and MOST_MESSAGES at most.
    """

    group: GroupRecord
    causes: list[CauseCount]
    incidents: list[GroupIncident]
    messages: list[GroupMessage]

    @property
    def unacknowledged(self) -> int:
        return sum(one.unacknowledged for one in self.causes)

    @property
    def acknowledged(self) -> int:
        return sum(one.acknowledged for one in self.causes)

    @property
    def resolved(self) -> int:
        return sum(one.resolved for one in self.causes)

    @property
    def total(self) -> int:
        return self.unacknowledged + self.acknowledged + self.resolved


async def get_group(database: Database, principal: Principal, public_id: UUID) -> GroupDetails:
    """The group, or the storm that took its incidents over. Raises NotFoundError, ForbiddenError."""
    customers = _customers(principal)
    async with database.connection() as connection:
        group = await _group(connection, principal, public_id)
        causes = await store.counts(connection, group.id, customers)
        if not causes:
            raise NotFoundError(GROUP_NOT_FOUND)
        found = await store.incidents(connection, group.id, customers)
        messages = await store.messages(connection, group.id, customers)
    return GroupDetails(
        group=group,
        causes=causes,
        incidents=[_without_strangers(principal, group, one) for one in found],
        messages=messages,
    )


async def acknowledge_group(database: Database, principal: Principal, public_id: UUID, now: datetime) -> int:
    """Take the open incidents that nobody has, MOST_TAKEN at most, until they are resolved. Who was notified of any of
    them learns of it once. Returns how many.

    Raises NotFoundError, ForbiddenError.
    """
    customers = _customers(principal)
    async with database.transaction() as connection:
        group = await _group(connection, principal, public_id)
        if not await store.counts(connection, group.id, customers):
            raise NotFoundError(GROUP_NOT_FOUND)
        require(principal, Permission.HANDLE_INCIDENTS, group.organization_id, None, not_found=GROUP_NOT_FOUND)
        numbers = await store.untaken(connection, group.id, customers, MOST_TAKEN)
        await acknowledging.lock_monitors(connection, numbers)
        return await take(connection, numbers, await taker_of(connection, principal), Lasts.RESOLVED, "", now)


async def place_in_group(database: Database, principal: Principal, public_id: UUID) -> GroupPlace:
    """The group of an incident, and what holds it. Raises NotFoundError, ForbiddenError."""
    async with database.connection() as connection:
        incident = await incident_for(connection, principal, Permission.READ, public_id)
        place = await store.place_of(connection, incident.id, _customers(principal))
    if place.held_by_customer is None or _sees(principal, incident.organization_id, place.held_by_customer):
        return place
    return msgspec.structs.replace(place, held_by_monitor=None)


async def _group(connection: Connection, principal: Principal, public_id: UUID) -> GroupRecord:
    group = await store.by_public_id(connection, limits_to(principal), public_id, _customers(principal))
    if group is None:
        raise NotFoundError(GROUP_NOT_FOUND)
    require(principal, Permission.READ, group.organization_id, None, not_found=GROUP_NOT_FOUND)
    return group


def _customers(principal: Principal) -> list[int] | None:
    return None if principal.customer_ids is None else sorted(principal.customer_ids)


def _without_strangers(principal: Principal, group: GroupRecord, one: GroupIncident) -> GroupIncident:
    """Without the name of a monitor that the principal may not see."""
    if one.held_by_customer is None or _sees(principal, group.organization_id, one.held_by_customer):
        return one
    return msgspec.structs.replace(one, held_by_monitor=None)


def _sees(principal: Principal, organization_id: int, customer_id: int) -> bool:
    reach = reaches(principal, Permission.READ, organization_id=organization_id, customer_id=customer_id)
    return reach is Reach.ALLOWED
