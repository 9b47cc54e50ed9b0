"""What changed on an overview that somebody has open, as pieces of its HTML."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from controller.http.services import Services
from controller.model import Principal
from controller.model.dependencies import Dependency
from controller.operations.overview.overview import (
    OverviewMonitor,
    bar_time,
    find_monitors,
    read_monitors,
    read_troubles,
)
from controller.operations.overview.query import read_query
from controller.pages.overview.head import head_view
from controller.pages.overview.rows import columns_of, row_view
from controller.pages.shell.page import Frame
from controller.pages.shell.templates import macro
from shared.clock import utc_now


class OverviewScreen(msgspec.Struct, frozen=True, kw_only=True):
    """What a browser has on its page: which monitors, and what its rows have cells for."""

    monitors: frozenset[UUID]
    columns: tuple[str, ...]
    many_customers: bool


class OverviewPatch(msgspec.Struct, frozen=True, kw_only=True):
    """`elements` are pieces of HTML by the ids of the elements that they replace: `m-{publicId}` and `overview-head`.
    `screen` is what the caller gives with the next patch for this browser. When `stale`, rows do not fit the table any
    more (a country was added): the page must be fetched anew.

    `on_page` are the monitors that the page would show if it was loaded now; known only of a patch with the head.
    """

    elements: dict[str, str]
    screen: OverviewScreen
    stale: bool = False
    on_page: frozenset[UUID] | None = None


async def overview_patch(
    services: Services,
    principal: Principal,
    query: str,
    base: str,
    csrf: str,
    *,
    monitors: Collection[UUID],
    head: bool,
    screen: OverviewScreen | None = None,
) -> OverviewPatch:
    """Draw again the rows of these monitors, as far as they are on the screen, and with `head` what stands above them.

    `query` is the query string of the page as it stands in its address, without `?`; `base` stands before every link;
    `csrf` is the token in the forms of the head. A patch may be shared by everybody with the same organization, role,
    customers, query, base and screen, if `csrf` is a placeholder that is replaced for each of them.

    Without a `screen`, which is the first patch for a browser, it is taken to show what the page would show now; this
    reads the whole list and draws no row. A monitor that does not match the filter any more is drawn where it stands;
    of one that was deleted nothing is drawn, and the patch is `stale`.

    Rows take one query, the head two. Those of the head read the whole list, so ask for it only when a verdict or an
    incident changed, not for each result.

    Raises InvalidError for a query that the page would refuse, OrganizationRequiredError, StoreUnavailableError.
    """
    address, now = read_query(query), utc_now()
    found, troubles = None, None
    if head or screen is None:
        found = await find_monitors(services.database, principal, address.filter, now)
        problem = services.health.problems.get(Dependency.DATABASE)
        troubles = await read_troubles(services.database, principal, address.filter.customer, database_problem=problem)
    rows = list[OverviewMonitor]()
    if screen is None:
        assert found is not None  # noqa: S101 - read above
        assert troubles is not None  # noqa: S101 - read above
        shown = await read_monitors(services.database, principal, found.on_page, now)
        screen = OverviewScreen(
            monitors=frozenset(found.on_page),
            columns=columns_of(shown),
            many_customers=len(troubles.customers) > 1,
        )
    else:
        changed = [one for one in monitors if one in screen.monitors]
        rows = await read_monitors(services.database, principal, changed, now)
        if len(rows) < len(changed) or not set(columns_of(rows)) <= set(screen.columns):
            return OverviewPatch(elements={}, screen=screen, stale=True)
    elements = {f"m-{one.public_id}": _row(one, screen, base) for one in rows}
    if found is None or troubles is None or not head:
        return OverviewPatch(elements=elements, screen=screen)
    frame = Frame(title="", base=base, section="", live=None, now=now, csrf=csrf, principal=principal)
    drawn = str(macro("overview/head.html", "head")(head_view(address, found, troubles), frame))
    return OverviewPatch(elements=elements | {"overview-head": drawn}, screen=screen, on_page=frozenset(found.on_page))


def _row(one: OverviewMonitor, screen: OverviewScreen, base: str) -> str:
    view = row_view(one, screen.columns, bar_time(utc_now()))
    return str(macro("overview/row.html", "row")(view, screen.columns, screen.many_customers, base))
