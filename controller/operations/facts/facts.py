"""The facts of one monitor's server by location, and the feed of what changed."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from controller.decisions.access import Permission
from controller.decisions.comparison.signs import SignKind
from controller.decisions.history.cursor import fingerprint
from controller.errors import InvalidError
from controller.model import Monitor, Principal
from controller.operations.accounts.customers import customer_for
from controller.operations.cursors import cursor_behind, position_in
from controller.operations.monitors.monitors import get_monitor
from controller.store.comparison import changes, facts
from controller.store.comparison.changes import ChangeFilter, StoredFactChange
from controller.store.comparison.facts import FactAt
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.wire.targets import KINDS

__all__ = ["FINDING_NAMES", "ChangeFilter", "FactAt", "FactChanges", "MonitorFacts", "StoredFactChange"]

FINDING_NAMES = tuple(kind.value for kind in SignKind if kind is not SignKind.PROBE_DISLIKED)
"""The findings that are said: that a server dislikes our probe is only our own concern."""

_LATEST = 10
_LONGEST = 100


class MonitorFacts(msgspec.Struct, frozen=True, kw_only=True):
    """By country, location and name; `latest` are the newest changes."""

    monitor: Monitor
    facts: Sequence[FactAt]
    latest: Sequence[StoredFactChange]


class FactChanges(msgspec.Struct, frozen=True, kw_only=True):
    """Some changes, newest first, and the cursor of the next page; None when there is none."""

    changes: Sequence[StoredFactChange]
    next_cursor: str | None


async def monitor_facts(database: Database, principal: Principal, public_id: UUID) -> MonitorFacts:
    """Raises NotFoundError, ForbiddenError."""
    monitor = await get_monitor(database, principal, KINDS, public_id)
    async with database.connection() as connection:
        found = await facts.of_monitor(connection, monitor.id)
        latest = await changes.listed(
            connection,
            monitor.organization_id,
            None,
            ChangeFilter(monitor=public_id),
            before=None,
            limit=_LATEST,
        )
    return MonitorFacts(monitor=monitor, facts=found, latest=latest)


async def fact_changes(
    database: Database, vault: Vault, principal: Principal, filters: ChangeFilter, cursor: str | None, *, limit: int
) -> FactChanges:
    """The changes of the customers that the principal may see.

    Raises InvalidError, NotFoundError and ForbiddenError (for the customer).
    """
    if filters.finding is not None and filters.finding not in FINDING_NAMES:
        raise InvalidError("finding", f"must be one of {', '.join(FINDING_NAMES)}")
    for field in ("fact", "country", "location"):
        text = getattr(filters, field) or ""
        if len(text) > _LONGEST or not text.isprintable():
            raise InvalidError(field, f"must be at most {_LONGEST} printable characters")
    if filters.since is not None and filters.until is not None and filters.since >= filters.until:
        raise InvalidError("to", "must be later than from")
    customers = principal.customer_ids
    if filters.customer is not None:
        customers = frozenset({(await customer_for(database, principal, Permission.READ, filters.customer)).id})
    query = fingerprint("fact-changes", principal.works_in, None if customers is None else sorted(customers), filters)
    before = None if cursor is None else int(position_in(vault, cursor, query)[0])
    async with database.connection() as connection:
        found = await changes.listed(connection, principal.works_in, customers, filters, before=before, limit=limit + 1)
    more = len(found) > limit
    return FactChanges(
        changes=found[:limit],
        next_cursor=cursor_behind(vault, query, [found[limit - 1].id]) if more else None,
    )
