"""`GET /api/v1/monitors`: the list; `POST /api/v1/monitors/bulk`: one change of many."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.monitors.answers import EXAMPLE, MonitorAnswer, monitor_answer
from controller.api.v1.monitors.many.answers import ANSWER_EXAMPLE, ManyAnswer, many_answer
from controller.api.v1.monitors.many.bodies import ChangeManyBody, change_of_many, monitors_meant
from controller.api.v1.monitors.many.query import (
    Countries,
    CustomerOf,
    KindNames,
    Labels,
    Project,
    SearchText,
    Sorting,
    States,
    given_filter,
    monitor_order,
)
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.bodies import JsonBody
from controller.http.documents.item_fields import with_fields
from controller.http.openapi import answers, problems
from controller.http.parameters import Cursor, Fields, OrganizationId, PageSize
from controller.http.services import GivenPrincipal, GivenServices
from controller.off_loop import off_loop
from controller.operations.monitors.listing import MonitorsFound, find_monitors
from controller.operations.monitors.many import MOST_MONITORS, change_many

TAGS = ["Monitors"]

_LARGEST_BODY = 512 * 1024
"""Bytes: as many ids as may be named, and some more."""

_FEW = 100
"""So many are answered on the loop, in about 2 ms: with a thread for each page a fifth fewer pages were answered."""

_DESCRIPTION = """\
The monitors of every kind that you may see, and that match all filters. Follow `nextCursor` until it is null: a monitor
comes twice, or not at all, only if what the list is sorted by changes meanwhile.
"""
_MANY_DESCRIPTION = f"""\
All of them change, or none: if one of them must not be changed so, the answer is 400, and `errors` have fields as
`monitors.<id>.<field>`. A filter may match {MOST_MONITORS} monitors at most. Every monitor that changes has an entry in
the audit log, as if it were changed alone. With `dryRun` nothing is stored: the answer says what would be done, and
what is wrong with it.
"""


class MonitorPageAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some monitors. With `fields` they have these fields only."""

    items: list[MonitorAnswer]
    next_cursor: Annotated[str | None, Meta(description="Where the next page begins; null at the end.")]


@get(
    "/api/v1/monitors",
    operation_id="listMonitors",
    summary="List monitors",
    description=_DESCRIPTION,
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=TAGS,
    responses={
        200: answers(
            MonitorPageAnswer, "Some monitors, and where the next ones are", {"items": [EXAMPLE], "nextCursor": None}
        ),
        **problems(s400="state must be one of down, partial, degraded, unknown, up", s403="Forbidden"),
    },
)
async def list_monitors(
    services: GivenServices,
    principal: GivenPrincipal,
    kinds: KindNames = None,
    states: States = None,
    countries: Countries = None,
    customer: CustomerOf = None,
    labels: Labels = None,
    project: Project = None,
    search: SearchText = None,
    sort: Sorting = "name",
    cursor: Cursor = None,
    limit: PageSize = 50,
    fields: Fields = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Any:
    found = await find_monitors(
        services.database,
        services.vault,
        principal,
        given_filter(kinds, states, countries, customer, labels, project, search),
        monitor_order(sort),
        cursor=cursor,
        limit=limit,
    )
    few = len(found.monitors) <= _FEW
    return with_fields(_page(found) if few else await off_loop(_page, found), fields)


def _page(found: MonitorsFound) -> MonitorPageAnswer:
    return MonitorPageAnswer(
        items=[
            monitor_answer(
                one.monitor,
                customer=one.customer,
                verdict=one.verdict,
                codes=found.codes,
                parents=found.parents[one.monitor.public_id],
            )
            for one in found.monitors
        ],
        next_cursor=found.next_cursor,
    )


@post(
    "/api/v1/monitors/bulk",
    operation_id="changeManyMonitors",
    status_code=200,
    dto=JsonBody[ChangeManyBody],
    request_max_body_size=_LARGEST_BODY,
    return_dto=None,
    summary="Change or delete many monitors at once",
    description=_MANY_DESCRIPTION,
    opt={PERMISSION: Permission.CHANGE},
    security=SECURITY,
    tags=TAGS,
    responses={
        200: answers(ManyAnswer, "What was done, or would be", ANSWER_EXAMPLE),
        **problems(
            body=True,
            s400="monitors.33333333-3333-4333-8333-333333333333.timeout must not be longer than the interval (10 s)",
            s403="Forbidden",
        ),
    },
)
async def change_many_monitors(
    data: JSONBody[ChangeManyBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> ManyAnswer:
    done = await change_many(
        services.database, principal, monitors_meant(data), change_of_many(data.change), dry_run=data.dry_run
    )
    return await off_loop(many_answer, done, dry_run=data.dry_run)


ROUTES: list[ControllerRouterHandler] = [list_monitors, change_many_monitors]
BODIES = (MonitorPageAnswer, ChangeManyBody, ManyAnswer)
