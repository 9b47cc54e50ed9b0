"""What a wall shows to a principal: only what it may see."""

from __future__ import annotations

from controller.decisions.walls import check_wall
from controller.model import Principal
from controller.model.walls import WallQuery
from controller.store.overview import walls
from controller.store.overview.walls import LETTERS, MOST_WORST, WallContent, WorstMonitor
from controller.store.platform.pool import Database

__all__ = ["LETTERS", "MOST_WORST", "WallContent", "WorstMonitor"]


async def read_wall(database: Database, principal: Principal, query: WallQuery) -> WallContent:
    """Raises InvalidError, OrganizationRequiredError, StoreUnavailableError."""
    check_wall(query)
    return await walls.wall_of(database, principal.organization_id, principal.customer_ids, query)
