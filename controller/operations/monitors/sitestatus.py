"""The present state of many monitors at once."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.decisions.schedule.rotation import chosen
from controller.decisions.sitestatus import PlacedCheck, Report, current_checks, report_of
from controller.model import LatestCheck, Location, Monitor, Principal
from controller.off_loop import off_loop
from controller.operations.monitors.monitors import Kinds, some_monitors
from controller.store.locations.locations import all_locations
from controller.store.monitors.latest import LatestVerdict, latest_of, verdicts_of
from controller.store.platform.pool import Database


class MonitorReport(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor, its status, and the latest check of each of its locations."""

    monitor: Monitor
    report: Report
    checks: list[PlacedCheck]


async def site_status(
    database: Database,
    principal: Principal,
    kinds: Kinds,
    *,
    limit: int,
    offset: int,
    numbers: Sequence[int] | None = None,
) -> tuple[list[MonitorReport], int]:
    """The status of the monitors that the principal may see, and how many match in all. Raises
    OrganizationRequiredError.
    """
    page = await some_monitors(database, principal, kinds, limit=limit, offset=offset, numbers=numbers)
    numbers = [monitor.id for monitor in page.monitors]
    latest, verdicts = await latest_of(database, numbers), await verdicts_of(database, numbers)
    locations = [here for here in await all_locations(database) if here.enabled]
    reports = await off_loop(
        lambda: [
            _report(monitor, latest.get(monitor.id, []), verdicts.get(monitor.id), locations)
            for monitor in page.monitors
        ]
    )
    return reports, page.total


def _report(
    monitor: Monitor, latest: Sequence[LatestCheck], latest_verdict: LatestVerdict | None, locations: Sequence[Location]
) -> MonitorReport:
    checks = current_checks(latest, chosen(locations, monitor.location_ids, monitor.home_location_id))
    verdict, reason = latest_verdict or (None, "")
    return MonitorReport(
        monitor=monitor, report=report_of([here.check for here in checks], verdict, reason), checks=checks
    )
