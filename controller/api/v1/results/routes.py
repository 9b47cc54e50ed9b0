"""`GET /api/results`: the history of results over monitors, for analysts; page by page, or as one NDJSON or CSV
file.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from controller.api.v1.results.export import Export
from controller.api.v1.results.files import Exporting, results_file
from controller.api.v1.results.items import EXAMPLE, ResultPage, result_item
from controller.api.v1.results.query import (
    Countries,
    CursorText,
    FormatName,
    From,
    Given,
    KindNames,
    Locations,
    Monitors,
    OrderName,
    PageLimit,
    Purposes,
    Statuses,
    To,
    chosen_format,
    given_cursor,
    page_limit,
    question,
    require_known,
)
from controller.decisions.access import Permission
from controller.errors import ForbiddenError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import names_another
from controller.http.openapi import answers, refusals
from controller.http.parameters import CustomerId, OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import timestamp
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.results.results import results_page
from shared.clock import utc_now

_PARAMETERS = frozenset(
    (
        *("from", "to", "order", "customerId", "monitor", "country", "location", "kind", "status", "purpose"),
        *("limit", "cursor", "format", "organizationId"),
    )
)
_DESCRIPTION = """\
Every stored result of the monitors you may see, deleted ones included, by the due moment of its check: newest first
unless `order` is given. Results are kept for 30 days, unless the installation or the organization is set otherwise:
`keptSince`, or the header `X-Kept-Since` of a file, is the first moment whose results are all kept. Of the time before,
only checks that passed are, `rounded` and for 400 days, unless that is set otherwise.

Follow `nextCursor` until it is null. No result comes twice, and none is missing that was stored when the first page was
requested, even while new results arrive.

With `format=ndjson` or `csv`, or such an `Accept`, the answer is a file of all results. It is complete only if the
chunked body ends properly, which every HTTP client checks; a revoked token ends it too. At most two exports run for
one caller, and four in all.

In CSV a text that begins with `=`, `+`, `-`, `@`, a tab or a line break has an apostrophe in front, so that no
spreadsheet takes it for a formula.
"""


@get(
    "/api/results",
    operation_id="listResultsUnversioned",
    summary="The history of results, to read or to export",
    description=_DESCRIPTION,
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Results"],
    operation_class=Exporting,
    responses={
        200: answers(ResultPage, "Some results, and where the next ones are", EXAMPLE),
        **refusals(
            s400="status must be one of success, failure, unknown",
            s403="Forbidden",
            s404="Monitor not found",
            s429="2 exports of yours are running already",
        ),
    },
)
async def read_results(
    request: Request[Principal, None, Any],
    services: GivenServices,
    principal: GivenPrincipal,
    since: From = None,
    until: To = None,
    order: OrderName = None,
    customer_id: CustomerId = None,
    monitors: Monitors = None,
    countries: Countries = None,
    locations: Locations = None,
    kinds: KindNames = None,
    statuses: Statuses = None,
    purposes: Purposes = None,
    limit: PageLimit = None,
    cursor: CursorText = None,
    format_: FormatName = None,
    organization_id: OrganizationId = None,
) -> ResultPage | Export:
    require_known(request.query_params, _PARAMETERS)
    if organization_id is not None and names_another(organization_id, principal):
        raise ForbiddenError
    form = chosen_format(format_, request.accept)
    query = question(
        Given(
            since=since,
            until=until,
            order=order,
            customer=customer_id,
            monitors=monitors,
            countries=countries,
            locations=locations,
            kinds=kinds,
            statuses=statuses,
            purposes=purposes,
        )
    )
    position = given_cursor(cursor)
    if form is not None:
        return await results_file(request, services, query, position, form, limit)
    page = await results_page(
        services.database, services.vault, principal, query, position, limit=page_limit(limit), now=utc_now()
    )
    results = await off_loop(lambda: [result_item(found) for found in page.results])
    return ResultPage(results=results, next_cursor=page.next_cursor, kept_since=timestamp(page.kept_since))
