"""What changed on an overview that somebody has open, as pieces of its HTML."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from controller.http.services import Services
from controller.model import Principal


class OverviewPatch(msgspec.Struct, frozen=True, kw_only=True):
    """Elements of the page by their ids: rows as `m-{publicId}`, and `overview-head`.

    `columns` are the countries that the rows have cells for: when they differ from those of the patch before, rows do
    not fit the table any more, and the page must be fetched anew.

    The rest is known only of a patch with the head; without it, it is None. `title` is the page's (without the name of
    the product), `down` how many of all monitors are down or partial, `counts` the monitors by state, all of the
    scope whatever the filter. `matching` is how many match the filter, and `on_page` are those that the page would
    show if it was loaded now. `hint` says in a sentence what the page on screen does not show; None when nothing.
    """

    elements: dict[str, str]
    columns: tuple[str, ...]
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
    shown: Collection[UUID] | None = None,
) -> OverviewPatch:
    """Draw again the rows of these monitors and, with `head`, what stands above the list.

    `query` is the query string of the page as it stands in its address, without `?`; `base` stands before every link;
    `csrf` is the token in the forms of the head. A patch may be shared by everybody with the same organization, role,
    customers, query and base, if `csrf` is a placeholder that is replaced for each of them.

    `shown` are the monitors on the page as the browser has it: `on_page` of the first patch, which is made with
    `monitors=(), head=True, shown=None` when somebody begins to follow. `monitors` are those of `shown` that changed;
    others are left out. A monitor that does not match the filter any more is drawn where it stands; one that was
    deleted has no element. `hint` compares `shown` with what the page would show now.

    A patch takes one query for rows, one more for the head and one to find the monitors; without `head` it does not read
    the whole list, so ask for the head only when a verdict or an incident changed (not for each result).

    Raises InvalidError for a query that the page would refuse, OrganizationRequiredError, StoreUnavailableError.
    """
    raise NotImplementedError
