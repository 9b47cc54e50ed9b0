"""`GET /api/v3/tests`: check a monitor now at one location (docs/compatibility.md, A21)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import QueryParameter

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.locations import numbered
from controller.api.compat.alertsite.monitors.kinds import KINDS
from controller.decisions.access import Permission
from controller.errors import InvalidError, NoEligibleLocationsError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers
from controller.http.problems import RECORD_NOT_FOUND
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.monitors import monitors
from controller.operations.monitors.checks import trigger_check
from controller.store.locations.locations import all_locations
from shared.epoch import to_ms

MonitorId = Annotated[str | None, QueryParameter(description="The monitor's number; required.")]
LocationId = Annotated[
    str | None,
    QueryParameter(description="The location's number; the monitor's primary location when not given."),
]
_ALL = tuple(KINDS.values())


class StartedTest(msgspec.Struct, frozen=True, kw_only=True):
    """`link` is the page that shows the results of this test by location; who opens it must be logged in."""

    link: str
    monitor_id: int
    locations: list[int]


_EXAMPLE: dict[str, Any] = {
    "link": "https://mailprobe.example.com/monitors/33333333-3333-4333-8333-333333333333?checked=1767268800000",
    "monitor_id": 123456,
    "locations": [10],
}


@get(
    "/api/v3/tests",
    opt={PERMISSION: Permission.TRIGGER},
    security=SECURITY,
    tags=TAGS,
    operation_id="alertsiteTestMonitor",
    summary="Test a monitor now",
    description="Runs at once at one location, also when the monitor is disabled. The answer links to the results.",
    responses={
        200: answers(StartedTest, "The test has begun", _EXAMPLE),
        **refusals(
            s400="invalid_request - monitor_id is required",
            s403="Forbidden",
            s404=RECORD_NOT_FOUND,
            s409="No active monitoring locations available",
        ),
    },
)
async def run_test(
    services: GivenServices,
    principal: GivenPrincipal,
    monitor_id: MonitorId = None,
    location_id: LocationId = None,
) -> StartedTest:
    if monitor_id is None:
        raise InvalidError("monitor_id", "is required")
    number = values.number(monitor_id, "monitor_id", 1, 2**63 - 1)
    monitor = await monitors.get_monitor(services.database, principal, _ALL, number)
    location = None
    if location_id is not None:
        location = values.location(location_id, "location_id", numbered(await all_locations(services.database)))
    try:
        done = await trigger_check(
            services.database,
            services.dispatcher,
            principal,
            _ALL,
            monitor.public_id,
            location_id=location,
            at_one=True,
        )
    except NoEligibleLocationsError:
        raise InvalidError("location_id", "must be one of the locations that may check the monitor") from None
    path = f"/monitors/{monitor.public_id}?checked={to_ms(done.due_at)}"
    return StartedTest(
        link=services.public_url.link(path) or path,
        monitor_id=monitor.id,
        locations=[here.id for here in done.locations],
    )


BODIES = (StartedTest,)
