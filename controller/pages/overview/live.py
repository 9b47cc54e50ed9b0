"""What changed on an overview that somebody has open, as pieces of its HTML."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from controller.http.services import Services
from controller.model import Principal
from controller.operations.overview.overview import (
    FoundMonitors,
    OverviewMonitor,
    Troubles,
    bar_time,
    find_monitors,
    read_monitors,
    read_troubles,
)
from controller.pages.overview.head import head_view, title_of
from controller.pages.overview.query import OverviewQuery, read_query
from controller.pages.overview.rows import columns_of, row_view
from controller.pages.overview.view import matching_of
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

    The rest is known only of a patch with the head. `title` is the page's, without the name of the product; `down` is
    how many of all monitors are down or partial, `counts` are all monitors by state; neither depends on the filter.
    `matching` is how many match the filter, and `on_page` are those that the page would show if it was loaded now.
    `hint` says in a sentence what belongs on the page and is not on it.
    """

    elements: dict[str, str]
    screen: OverviewScreen
    stale: bool = False
    title: str | None = None
    down: int | None = None
    counts: dict[str, int] | None = None
    matching: int | None = None
    on_page: frozenset[UUID] | None = None
    hint: str | None = None


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
        troubles = await read_troubles(services.database, principal, address.filter.customer)
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
    return _with_head(
        elements,
        screen,
        address,
        found,
        troubles,
        Frame(
            title="",
            base=base,
            section="",
            live=None,
            at=None,
            now=now,
            csrf=csrf,
            theme=None,
            keys=True,
            organization=None,
            principal=principal,
        ),
    )


def _row(one: OverviewMonitor, screen: OverviewScreen, base: str) -> str:
    view = row_view(one, screen.columns, bar_time(utc_now()))
    return str(macro("overview/row.html", "row")(view, screen.columns, screen.many_customers, base))


def _with_head(
    elements: dict[str, str],
    screen: OverviewScreen,
    address: OverviewQuery,
    found: FoundMonitors,
    troubles: Troubles,
    frame: Frame,
) -> OverviewPatch:
    view = head_view(address, found, troubles)
    drawn = str(macro("overview/head.html", "head")(view, frame))
    return OverviewPatch(
        elements=elements | {"overview-head": drawn},
        screen=screen,
        title=title_of(found.of_all),
        down=view.down,
        counts=found.of_all,
        matching=matching_of(address.filter, found),
        on_page=frozenset(found.on_page),
        hint=_hint(address, [one for one in found.on_page if one not in screen.monitors]),
    )


def _hint(address: OverviewQuery, missing: Sequence[UUID]) -> str | None:
    if not missing:
        return None
    one = len(missing) == 1
    if address.filter.narrow:
        return f"{len(missing)} more {'monitor matches' if one else 'monitors match'} this filter"
    return f"{len(missing)} more {'monitor belongs' if one else 'monitors belong'} on this page"
