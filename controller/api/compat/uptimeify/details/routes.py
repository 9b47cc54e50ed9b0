"""One call for everything that a monitor's page shows, in Uptimeify's shape (docs/compatibility.md, U23)."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, get
from litestar.params import QueryParameter

from controller.api.compat.uptimeify.dates import given_date
from controller.api.compat.uptimeify.details.answers import UptimeifyMonitorDetails, detail_fields
from controller.api.compat.uptimeify.maintenance.answers import tag_names
from controller.api.compat.uptimeify.monitor_errors import error_handlers
from controller.api.compat.uptimeify.monitor_group import UptimeifyGroup
from controller.decisions.access import Permission
from controller.decisions.history.views import Range, chart_view
from controller.errors import InvalidError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import monitor_public_id
from controller.http.openapi import answers, refusals
from controller.http.parameters import PublicId
from controller.http.problems import FAILED
from controller.http.services import GivenPrincipal, GivenServices
from controller.off_loop import off_loop
from controller.operations.details import monitor_details
from controller.operations.tags.tags import named_tags
from shared.clock import utc_now

_RAW = "raw"

RangeName = Annotated[
    str | None,
    QueryParameter(name="range", description="day (default), week, month or year.", schema_extra={"enum": list(Range)}),
]
Reference = Annotated[
    str | None,
    QueryParameter(name="date", description="The end, where endDate is not given: a date, now when not given."),
]
StartDate = Annotated[str | None, QueryParameter(name="startDate", description="Wins over range.")]
EndDate = Annotated[str | None, QueryParameter(name="endDate", description="A day without a time is shown whole.")]
Granularity = Annotated[
    str | None,
    QueryParameter(description="raw: every check by itself, the latest 10000 at most; else buckets."),
]


def detail_routes(group: UptimeifyGroup) -> type[Controller]:
    """The details route of the monitors of this group."""
    id_required = f"Invalid {group.name} public ID (UUID)"

    class DetailRoutes(Controller):
        path = f"{group.path}/{{public_id:str}}"
        tags = (f"{group.name}s",)
        security = SECURITY
        exception_handlers = error_handlers(group)

        @get(
            "/details",
            opt={PERMISSION: Permission.READ, FAILED: f"Failed to fetch {group.name} details"},
            operation_id=f"uptimeifyGet{group.stem}Details",
            summary=f"Latest checks, uptime, chart, incidents and maintenance of {group.noun}",
            responses={
                200: answers(group.details[0], "Everything in one answer", group.examples.details),
                **refusals(
                    s400=id_required,
                    s403="Forbidden",
                    s404=group.not_found,
                    s500=f"Failed to fetch {group.name} details",
                ),
            },
        )
        async def details(
            self,
            public_id: PublicId,
            services: GivenServices,
            principal: GivenPrincipal,
            range_: RangeName = None,
            date: Reference = None,
            start_date: StartDate = None,
            end_date: EndDate = None,
            granularity: Granularity = None,
        ) -> UptimeifyMonitorDetails:
            identifier, now = monitor_public_id(public_id, message=id_required), utc_now()
            reference = given_date(date, field="date", end=True) or now
            view = chart_view(
                _range(range_),
                reference=reference,
                start=given_date(start_date, field="startDate"),
                end=given_date(end_date, field="endDate", end=True),
                raw=granularity == _RAW,
                now=now,
            )
            found = await monitor_details(
                services.database, principal, group.kinds, identifier, view=view, reference=reference, now=now
            )
            tags = await named_tags(services.database, found.monitor.organization_id, tag_names(found.windows))
            own: dict[str, Any] = {
                group.names.number: found.monitor.id,
                "latest_check": group.latest_check(found.latest[0]) if found.latest else None,
                "test_result_log": [group.history_item(check) for check in found.latest],
            }
            return group.details[0](**await off_loop(detail_fields, found, tags, now), **own)

    return DetailRoutes


def _range(name: str | None) -> Range:
    try:
        return Range(name or Range.DAY)
    except ValueError:
        raise InvalidError("range", f"must be one of {', '.join(Range)}") from None
