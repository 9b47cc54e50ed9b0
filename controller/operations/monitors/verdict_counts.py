"""How many monitors have a verdict that somebody should know about."""

from __future__ import annotations

from typing import NamedTuple

from controller.model import Principal
from controller.store.evaluation import verdict_counts as store
from controller.store.platform.pool import Database


class VerdictCounts(NamedTuple):
    down: int
    partial: int


async def count_verdicts(database: Database, principal: Principal) -> VerdictCounts:
    """Of the active monitors that the principal may see.

    Raises OrganizationRequiredError, StoreUnavailableError.
    """
    found = await store.count_by_verdict(database, principal.organization_id, principal.customer_ids)
    return VerdictCounts(found.get("down", 0), found.get("partial", 0))
