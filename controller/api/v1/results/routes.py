"""`GET /api/results`: the history of results over monitors, for analysts; page by page, or as one NDJSON or CSV
file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar import Request, get
from litestar.openapi.spec import Example, OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Schema

from controller.api.v1.results.export import Export, export, file_name
from controller.api.v1.results.formats import COLUMNS, CSV, NDJSON
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
from controller.decisions.history.history import period
from controller.errors import ForbiddenError
from controller.http.auth import PERMISSION, SECURITY, credential_of
from controller.http.identifiers import organization_number
from controller.http.openapi import answers, refusals
from controller.http.parameters import CustomerId, OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import timestamp
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.results.results import all_results, kept_since, results_page
from controller.streaming.subscription import Holder
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
`keptSince`, or the header `X-Kept-Since` of a file, is the first moment whose results are kept.

Follow `nextCursor` until it is null. No result comes twice, and none is missing that was stored when the first page was
requested, even while new results arrive.

With `format=ndjson` or `csv`, or such an `Accept`, the answer is a file of all results. It is complete only if the
chunked body ends properly, which every HTTP client checks; a revoked token ends it too. At most two exports run for
one caller, and four in all.

In CSV a text that begins with `=`, `+`, `-`, `@`, a tab or a line break has an apostrophe in front, so that no
spreadsheet takes it for a formula.
"""


@dataclass
class _Exporting(Operation):
    """Litestar documents one media type for a status; this route has three."""

    def __post_init__(self) -> None:
        answered = (self.responses or {}).get("200")
        if isinstance(answered, OpenAPIResponse) and answered.content is not None:
            line = msgspec.json.encode(EXAMPLE["results"][0]).decode() + "\n"
            for form, example in ((NDJSON, line), (CSV, ",".join(COLUMNS) + "\r\n")):
                answered.content[form.media_type] = OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.STRING), examples={"file": Example(value=example)}
                )


@get(
    "/api/results",
    summary="The history of results, to read or to export",
    description=_DESCRIPTION,
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Results"],
    operation_class=_Exporting,
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
    if organization_id is not None and organization_number(organization_id) != principal.organization_id:
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
    here, now = (services.database, services.vault, principal, query, given_cursor(cursor)), utc_now()
    if form is None:
        page = await results_page(*here, limit=page_limit(limit), now=now)
        results = await off_loop(lambda: [result_item(found) for found in page.results])
        return ResultPage(results=results, next_cursor=page.next_cursor, kept_since=timestamp(page.kept_since))
    oldest = await kept_since(services.database, principal, now)
    name = file_name(*period(query.since, query.until, now=now, kept=now - oldest))
    holder = Holder(principal=principal, credential=credential_of(request))
    found = all_results(*here, limit=limit, now=now)
    return await export(
        services.exports, services.database, holder, form, found, name, headers={"X-Kept-Since": timestamp(oldest)}
    )
