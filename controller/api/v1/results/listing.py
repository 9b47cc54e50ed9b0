"""`GET /api/v1/results`: the history of results over monitors in our own API, page by page or as one file."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.results.export import Export
from controller.api.v1.results.files import Exporting, results_file
from controller.api.v1.results.items import EXAMPLE as RESULTS
from controller.api.v1.results.items import ResultItem, result_item
from controller.api.v1.results.query import (
    LONGEST_PAGE,
    Countries,
    CursorText,
    FormatName,
    From,
    Given,
    KindNames,
    Locations,
    Monitors,
    Purposes,
    Statuses,
    To,
    chosen_format,
    given_cursor,
    question,
    require_once,
)
from controller.decisions.access import Permission
from controller.decisions.history.history import Order
from controller.errors import InvalidError, NotFoundError, UnknownCustomerError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.documents.item_fields import with_fields
from controller.http.identifiers import given_uuid
from controller.http.openapi import answers, problems
from controller.http.parameters import Fields, OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.results.results import results_page
from shared.clock import utc_now

DEFAULT_PAGE = 50
SORTS = {"-dueAt": Order.DESC, "dueAt": Order.ASC}
Sort = Annotated[
    str,
    QueryParameter(
        name="sort",
        description="By the moment of the round; with - the newest first.",
        schema_extra={"enum": list(SORTS)},
    ),
]
Limit = Annotated[
    int | None,
    QueryParameter(
        name="limit",
        ge=1,
        description=f"Of a page {DEFAULT_PAGE} when not given, {LONGEST_PAGE} at most. A file has no limit of its own.",
    ),
]
_Customer = Annotated[
    str | None, QueryParameter(name="customer", description="A customer's UUID.", schema_extra={"format": "uuid"})
]
_DESCRIPTION = """\
Every stored result of the monitors you may see, deleted ones included, by the due moment of its check. Without `from`
those of 24 hours. Results are kept for 30 days, unless the installation or the organization is set otherwise:
`keptSince`, or the header `X-Kept-Since` of a file, is the first moment whose results are all kept. Of the time before,
only checks that passed are, `rounded` and for 400 days, unless that is set otherwise.

Follow `nextCursor` until it is null. No result comes twice, and none is missing that was stored when the first page was
requested, even while new results arrive.

With `format=ndjson` or `csv`, or such an `Accept`, the answer is a file of all results, without `fields`. It is
complete only if the chunked body ends properly, which every HTTP client checks; a revoked token ends it too. At most
two exports run for one caller, and four in all. In CSV a text that begins with `=`, `+`, `-`, `@`, a tab or a line
break has an apostrophe in front, so that no spreadsheet takes it for a formula.
"""


class ResultItems(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some results in order."""

    items: list[ResultItem]
    next_cursor: Annotated[
        str | None,
        Meta(description="The `cursor` of the next page; null at the end. A page may hold fewer items than `limit`."),
    ]
    kept_since: Annotated[
        Timestamp, Meta(description="Of checks that were due earlier, only those that passed are kept, `rounded`.")
    ]


EXAMPLE: dict[str, Any] = {
    "items": RESULTS["results"],
    "nextCursor": RESULTS["nextCursor"],
    "keptSince": RESULTS["keptSince"],
}


@get(
    "/api/v1/results",
    operation_id="listResults",
    summary="The history of results over monitors, to read or to export",
    description=_DESCRIPTION,
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Results"],
    operation_class=Exporting,
    responses={
        200: answers(ResultItems, "Some results, and where the next ones are", EXAMPLE),
        **problems(
            s400="status must be one of success, failure, unknown",
            s403="Forbidden",
            s404="Monitor not found",
            s429="2 exports of yours are running already",
        ),
    },
)
async def list_results(
    request: Request[Principal, None, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    since: From = None,
    until: To = None,
    sort: Sort = "-dueAt",
    customer: _Customer = None,
    monitors: Monitors = None,
    countries: Countries = None,
    locations: Locations = None,
    kinds: KindNames = None,
    statuses: Statuses = None,
    purposes: Purposes = None,
    limit: Limit = None,
    cursor: CursorText = None,
    fields: Fields = None,
    format_: FormatName = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[Any] | Export:
    require_once(request.query_params)
    form = chosen_format(format_, request.accept)
    query = question(
        Given(
            since=since,
            until=until,
            order=order_of(sort),
            customer=None if customer is None else str(given_uuid(customer, "customer")),
            monitors=monitors,
            countries=countries,
            locations=locations,
            kinds=kinds,
            statuses=statuses,
            purposes=purposes,
        )
    )
    position = given_cursor(cursor)
    try:
        if form is not None:
            return await results_file(request, services, query, position, form, limit)
        page = await results_page(
            services.database, services.vault, principal, query, position, limit=page_size(limit), now=utc_now()
        )
    except UnknownCustomerError:
        raise NotFoundError("Customer not found") from None
    items = await off_loop(lambda: [result_item(found) for found in page.results])
    answer = ResultItems(items=items, next_cursor=page.next_cursor, kept_since=timestamp(page.kept_since))
    return Response(with_fields(answer, fields))


def order_of(sort: str) -> Order:
    """Raises InvalidError."""
    if sort not in SORTS:
        raise InvalidError("sort", f"must be one of {', '.join(SORTS)}")
    return SORTS[sort]


def page_size(limit: int | None) -> int:
    """Raises InvalidError."""
    if limit is not None and limit > LONGEST_PAGE:
        raise InvalidError("limit", f"must be at most {LONGEST_PAGE} for a page; a file may have more")
    return limit or DEFAULT_PAGE


ROUTES: list[ControllerRouterHandler] = [list_results]
BODIES: tuple[type[msgspec.Struct], ...] = (ResultItems,)
