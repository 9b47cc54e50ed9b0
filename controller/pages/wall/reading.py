"""Reads what a wall shows, with what is wrong with the installation."""

from __future__ import annotations

from typing import NamedTuple

from controller.http.services import Services
from controller.model import Principal
from controller.model.dependencies import Dependency
from controller.model.walls import WallQuery
from controller.operations.overview.overview import Troubles, read_troubles
from controller.operations.overview.wall import WallContent, read_wall


class WallReading(NamedTuple):
    content: WallContent
    troubles: Troubles


async def read(services: Services, principal: Principal, query: WallQuery) -> WallReading:
    """Raises InvalidError, OrganizationRequiredError, StoreUnavailableError."""
    content = await read_wall(services.database, principal, query)
    problem = services.health.problems.get(Dependency.DATABASE)
    return WallReading(content, await read_troubles(services.database, principal, database_problem=problem))
