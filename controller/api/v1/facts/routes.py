"""`GET /api/v1/monitors/{id}/facts`, and the feed `GET /api/v1/fact-changes`."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from controller.api.v1.facts.schemas import (
    CHANGES_EXAMPLE,
    FACTS_EXAMPLE,
    FactChangePage,
    FactsOfMonitor,
    changes_answer,
    facts_answer,
)
from controller.api.v1.results.query import given_moment
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import given_uuid
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, OrganizationId, PageSize, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.facts.facts import FINDING_NAMES, ChangeFilter, fact_changes, monitor_facts

_LONGEST = 64
_TAGS = ["Facts"]

_Monitor = Annotated[
    str | None, QueryParameter(name="monitor", description="A monitor's UUID.", schema_extra={"format": "uuid"})
]
_Customer = Annotated[
    str | None, QueryParameter(name="customer", description="A customer's UUID.", schema_extra={"format": "uuid"})
]
_Location = Annotated[
    str | None, QueryParameter(name="location", description="A location's code.", max_length=_LONGEST)
]
_Country = Annotated[str | None, QueryParameter(name="country", description="ISO 3166-1 alpha-2.", max_length=_LONGEST)]
_Fact = Annotated[
    str | None, QueryParameter(name="fact", description="A fact, as certificate or starttls.", max_length=_LONGEST)
]
_Finding = Annotated[
    str | None,
    QueryParameter(name="finding", description="What the comparison found.", schema_extra={"enum": [*FINDING_NAMES]}),
]
_From = Annotated[
    str | None,
    QueryParameter(name="from", description="ISO 8601, UTC unless it says otherwise: not earlier than that."),
]
_To = Annotated[str | None, QueryParameter(name="to", description="The same: earlier than that.")]

_DESCRIPTION = """\
Newest first: each fact of a server that changed for three rounds of checks (`change` is `changed`), and each finding of
the comparison of locations that reach the same address, when it `began` (three rounds and a recheck showed it) and when
it `ended`. Kept for 400 days. The same changes are events of type `fact` on the stream.

`starttls_stripped`: something on the way to a location replaces or refuses STARTTLS. `downgrade_suspected`: one
location is not offered STARTTLS. Both make the verdict `degraded`. `interception_suspected`: one location is presented
a certificate that is not trusted and that no other saw in 7 days; the verdict is `partial`.

Follow `nextCursor` until it is null.
"""


@get(
    "/api/v1/monitors/{public_id:str}/facts",
    operation_id="getMonitorFacts",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="What each location sees of a monitor's server: facts with their first and last sight",
    responses={
        200: answers(FactsOfMonitor, "The facts by location", FACTS_EXAMPLE),
        **problems(s400="publicId must be a UUID", s403="Forbidden", s404="Not found"),
    },
)
async def get_monitor_facts(
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> FactsOfMonitor:
    return facts_answer(await monitor_facts(services.database, principal, given_uuid(public_id, "publicId")))


@get(
    "/api/v1/fact-changes",
    operation_id="listFactChanges",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=_TAGS,
    summary="What changed about servers, and what differs between locations",
    description=_DESCRIPTION,
    responses={
        200: answers(FactChangePage, "Some changes, and where the next ones are", CHANGES_EXAMPLE),
        **problems(s400=f"finding must be one of {', '.join(FINDING_NAMES)}", s403="Forbidden", s404="Not found"),
    },
)
async def list_fact_changes(
    services: GivenServices,
    principal: GivenPrincipal,
    monitor: _Monitor = None,
    customer: _Customer = None,
    location: _Location = None,
    country: _Country = None,
    fact: _Fact = None,
    finding: _Finding = None,
    since: _From = None,
    until: _To = None,
    cursor: Cursor = None,
    limit: PageSize = 100,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> FactChangePage:
    filters = ChangeFilter(
        monitor=None if monitor is None else given_uuid(monitor, "monitor"),
        customer=None if customer is None else given_uuid(customer, "customer"),
        location=None if location is None else location.lower(),
        country=None if country is None else country.upper(),
        fact=fact,
        finding=finding,
        since=given_moment(since, "from"),
        until=given_moment(until, "to"),
    )
    found = await fact_changes(services.database, services.vault, principal, filters, cursor, limit=limit)
    return changes_answer(found)


ROUTES: list[ControllerRouterHandler] = [get_monitor_facts, list_fact_changes]
BODIES = (FactsOfMonitor, FactChangePage)
