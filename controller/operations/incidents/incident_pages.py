"""The list of incidents as programs read it: page by page, by the moment at which they were confirmed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.decisions.access import Permission
from controller.decisions.history.cursor import fingerprint
from controller.model import Principal
from controller.operations.accounts.customers import customer_for
from controller.operations.cursors import cursor_behind, position_in
from controller.operations.incidents.incident_list import IncidentSearch, check_search
from controller.store.incidents import pages
from controller.store.incidents.listing import IncidentScope
from controller.store.incidents.pages import IncidentPlace, PagedIncident
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.epoch import to_datetime, to_ms

__all__ = ["PagedIncident", "PagedIncidents", "incidents_page"]


class PagedIncidents(msgspec.Struct, frozen=True, kw_only=True):
    """Some incidents in order, and the cursor of the next page; None when there is none."""

    incidents: Sequence[PagedIncident]
    next_cursor: str | None


async def incidents_page(
    database: Database,
    vault: Vault,
    principal: Principal,
    search: IncidentSearch,
    cursor: str | None,
    *,
    newest_first: bool,
    limit: int,
) -> PagedIncidents:
    """The incidents of the customers that the principal may see.

    Raises InvalidError, NotFoundError and ForbiddenError (for the customer), OrganizationRequiredError.
    """
    check_search(search)
    customers = principal.customer_ids
    if search.customer is not None:
        customers = frozenset({(await customer_for(database, principal, Permission.READ, search.customer)).id})
    scope = IncidentScope(
        organization_id=principal.organization_id,
        customer_ids=None if customers is None else sorted(customers),
        state=search.state,
        severity=search.severity,
        monitor=search.monitor,
        since=search.since,
        until=search.until,
    )
    query = fingerprint("incidents", scope, newest_first)
    after = None
    if cursor is not None:
        started_ms, number = position_in(vault, cursor, query)
        after = IncidentPlace(to_datetime(started_ms), number)
    async with database.planned_anew() as connection:
        found = await pages.page_of(connection, scope, newest_first=newest_first, after=after, limit=limit + 1)
    if len(found) <= limit:
        return PagedIncidents(incidents=found, next_cursor=None)
    last = found[limit - 1].place
    behind = cursor_behind(vault, query, [to_ms(last.started_at), last.id])
    return PagedIncidents(incidents=found[:limit], next_cursor=behind)
