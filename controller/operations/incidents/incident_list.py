"""The list of incidents as people read it: open ones first, with filters, and who has each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.model import IncidentSummary, Principal
from controller.operations.accounts.customers import customer_for
from controller.pipeline.server_names import servers_by_monitor
from controller.store.incidents import listing
from controller.store.incidents.listing import IncidentScope
from controller.store.platform.pool import Database

STATES = listing.STATES
SEVERITIES = ("down", "partial")


class IncidentSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for; None is any. `state` is one of STATES. `since` and `until` keep those that lasted at
    some moment between.
    """

    state: str | None = None
    severity: str | None = None
    monitor: UUID | None = None
    customer: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


class IncidentsPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the incidents found, of `total`. `servers` are where the checks of each monitor connect, by its id."""

    incidents: list[IncidentSummary]
    servers: Mapping[UUID, list[str]]
    total: int


async def search_incidents(
    database: Database, principal: Principal, search: IncidentSearch, *, limit: int, offset: int
) -> IncidentsPage:
    """The incidents of the customers that the principal may see: open ones first, then the newest.

    Raises InvalidError, NotFoundError and ForbiddenError (for the customer).
    """
    check_search(search)
    customers = principal.customer_ids
    if search.customer is not None:
        customers = frozenset({(await customer_for(database, principal, Permission.READ, search.customer)).id})
    scope = IncidentScope(
        organization_id=principal.works_in,
        customer_ids=None if customers is None else sorted(customers),
        state=search.state,
        severity=search.severity,
        monitor=search.monitor,
        since=search.since,
        until=search.until,
    )
    async with database.connection() as connection:
        found = await listing.summaries(connection, scope, limit=limit, offset=offset)
        servers = await servers_by_monitor(connection, found.incidents)
    return IncidentsPage(incidents=found.incidents, servers=servers, total=found.total)


def check_search(search: IncidentSearch) -> None:
    """Raises InvalidError."""
    if search.state is not None and search.state not in STATES:
        raise InvalidError("state", f"must be one of {', '.join(STATES)}")
    if search.severity is not None and search.severity not in SEVERITIES:
        raise InvalidError("severity", f"must be one of {', '.join(SEVERITIES)}")
