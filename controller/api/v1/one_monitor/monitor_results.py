"""`GET /api/v1/monitors/{id}/results`: the results of one monitor, with their dialogues if they are wanted."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Meta, UnsetType

from controller.api.v1.results.items import EXAMPLE as RESULTS
from controller.api.v1.results.items import ResultItem, result_item
from controller.api.v1.results.listing import Limit, Sort, order_of, page_size
from controller.api.v1.results.query import (
    Countries,
    CursorText,
    From,
    Given,
    Locations,
    Purposes,
    Statuses,
    To,
    given_cursor,
    question,
    require_once,
)
from controller.decisions.access import Permission
from controller.decisions.history.history import Position
from controller.http.auth import PERMISSION, SECURITY
from controller.http.documents.item_fields import with_fields
from controller.http.identifiers import given_uuid
from controller.http.openapi import answers, problems
from controller.http.parameters import Fields, OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp
from controller.model import Principal
from controller.off_loop import off_loop
from controller.operations.results.monitor_results import dialogues_of, monitor_results
from shared.clock import utc_now
from shared.wire.messages import TranscriptLine

_Transcript = Annotated[
    bool,
    QueryParameter(name="transcript", description="Whether items have `transcript`, the dialogue. False by default."),
]


class MonitorResult(ResultItem, frozen=True, kw_only=True, rename="camel"):
    """A result of the monitor."""

    transcript: (
        Annotated[
            list[TranscriptLine],
            Meta(
                description="With `transcript=true`: the dialogue of a check that failed or has a new warning, with"
                " secrets replaced; one that stands shows it again every hour. Empty for most other checks."
            ),
        ]
        | UnsetType
    ) = UNSET


class MonitorResults(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some results of the monitor in order."""

    items: list[MonitorResult]
    next_cursor: Annotated[
        str | None,
        Meta(description="The `cursor` of the next page; null at the end. A page may hold fewer items than `limit`."),
    ]
    kept_since: Annotated[
        Timestamp, Meta(description="Of checks that were due earlier, only those that passed are kept, `rounded`.")
    ]


EXAMPLE: dict[str, Any] = {
    "items": [
        {
            **RESULTS["results"][0],
            "transcript": [{"atMs": 15.2, "speaker": "note", "text": "192.0.2.25: connection refused"}],
        }
    ],
    "nextCursor": None,
    "keptSince": RESULTS["keptSince"],
}


@get(
    "/api/v1/monitors/{public_id:str}/results",
    operation_id="listMonitorResults",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Monitors"],
    summary="The results of one monitor",
    description="The items of `/api/v1/results`, by the due moment of the check; without `from` those of 24 hours."
    " Follow `nextCursor` until it is null.",
    responses={
        200: answers(MonitorResults, "Some results, and where the next ones are", EXAMPLE),
        **problems(s400="from must be before to", s403="Forbidden", s404="Not found"),
    },
)
async def list_monitor_results(
    request: Request[Principal, None, Any],
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    since: From = None,
    until: To = None,
    sort: Sort = "-dueAt",
    countries: Countries = None,
    locations: Locations = None,
    statuses: Statuses = None,
    purposes: Purposes = None,
    transcript: _Transcript = False,
    limit: Limit = None,
    cursor: CursorText = None,
    fields: Fields = None,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Response[Any]:
    require_once(request.query_params)
    number = given_uuid(public_id, "publicId")
    query = question(
        Given(
            since=since,
            until=until,
            order=order_of(sort),
            customer=None,
            monitors=None,
            countries=countries,
            locations=locations,
            kinds=None,
            statuses=statuses,
            purposes=purposes,
        )
    )
    page = await monitor_results(
        services.database,
        services.vault,
        principal,
        number,
        query,
        given_cursor(cursor),
        limit=page_size(limit),
        now=utc_now(),
    )
    dialogues = await dialogues_of(services.database, page.results) if transcript else {}

    def dialogue(position: Position) -> list[TranscriptLine] | UnsetType:
        return [*dialogues.get(position, ())] if transcript else UNSET

    items = await off_loop(
        lambda: [
            MonitorResult(**msgspec.structs.asdict(result_item(found)), transcript=dialogue(found.position))
            for found in page.results
        ]
    )
    answer = MonitorResults(items=items, next_cursor=page.next_cursor, kept_since=timestamp(page.kept_since))
    return Response(with_fields(answer, fields))


ROUTES: list[ControllerRouterHandler] = [list_monitor_results]
BODIES: tuple[type[msgspec.Struct], ...] = (MonitorResults,)
