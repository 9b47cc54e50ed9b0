"""The blackouts of monitors, as reads of monitors name them."""

from __future__ import annotations

from collections import defaultdict

from controller.api.compat.alertsite.blackouts.mapping import shown_blackout
from controller.model import Principal
from controller.operations.accounts.organizations import time_zone_of
from controller.operations.maintenance.windows import list_windows
from controller.store.platform.pool import Database


async def blackouts_of(
    database: Database, principal: Principal, organization_id: int, monitor_id: int | None = None
) -> dict[int, list[str]]:
    """The ids of the blackouts that the caller may see, by the numbers of their monitors."""
    zone = await time_zone_of(database, organization_id)
    found: dict[int, list[str]] = defaultdict(list)
    for window in await list_windows(database, principal, organization_id=organization_id, monitor_id=monitor_id):
        if shown_blackout(window, zone) is not None:
            found[window.targets.monitors[0].id].append(str(window.id))
    return found
