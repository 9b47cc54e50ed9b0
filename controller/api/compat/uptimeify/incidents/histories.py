"""A monitor's incidents and their notifications, in Uptimeify's shape (docs/compatibility.md, U24)."""

from __future__ import annotations

from litestar import Controller, get

from controller.api.compat.uptimeify.incidents.history_items import (
    AlertHistory,
    IncidentHistory,
    alert_item,
    incident_item,
)
from controller.api.compat.uptimeify.monitor_errors import error_handlers
from controller.api.compat.uptimeify.monitor_group import UptimeifyGroup
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers, refusals
from controller.http.parameters import PublicId
from controller.http.problems import FAILED
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.incidents import incidents
from shared.clock import utc_now

_INCIDENTS = {
    "incidents": [
        {
            "id": 123,
            "publicId": "66666666-6666-4666-8666-666666666666",
            "type": "downtime",
            "status": "resolved",
            "startedAt": "Feb 26, 2026, 12:10:00",
            "endedAt": "Feb 26, 2026, 12:12:30",
            "duration": "2m 30s",
            "durationMs": 150000,
            "isOngoing": False,
            "verdict": "down",
            "details": "2 of 3 countries cannot connect: refused; US passes",
        }
    ],
    "total": 1,
}
_ALERTS = {
    "alerts": [
        {
            "id": 987,
            "incidentId": 123,
            "type": "slack",
            "status": "sent",
            "channelName": "Ops Slack",
            "sentAt": "2026-02-26T12:11:00.000Z",
            "errorMessage": None,
        }
    ],
    "total": 1,
}


def incident_routes(group: UptimeifyGroup) -> type[Controller]:
    """The history routes of the monitors of this group."""

    class IncidentRoutes(Controller):
        path = f"{group.path}/{{public_id:str}}"
        tags = (f"{group.name}s",)
        security = SECURITY
        exception_handlers = error_handlers(group)

        @get(
            "/incident-history",
            opt={PERMISSION: Permission.READ, FAILED: "Failed to fetch incident history"},
            operation_id=f"uptimeifyList{group.stem}Incidents",
            summary=f"Incidents of {group.noun}",
            responses={
                200: answers(IncidentHistory, "The latest 100, newest first", _INCIDENTS),
                **refusals(s400=group.id_required, s403="Forbidden", s404=group.not_found),
            },
        )
        async def incident_history(
            self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal
        ) -> IncidentHistory:
            found = await incidents.incident_history(
                services.database, principal, group.kinds, group.public_id(public_id)
            )
            now = utc_now()
            return IncidentHistory(incidents=[incident_item(incident, now) for incident in found], total=len(found))

        @get(
            "/alert-history",
            opt={PERMISSION: Permission.READ, FAILED: "Failed to fetch alert history"},
            operation_id=f"uptimeifyList{group.stem}Alerts",
            summary=f"The notifications about incidents of {group.noun}",
            responses={
                200: answers(AlertHistory, "The latest 100 attempts, newest first", _ALERTS),
                **refusals(s400=group.id_required, s403="Forbidden", s404=group.not_found),
            },
        )
        async def alert_history(
            self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal
        ) -> AlertHistory:
            found = await incidents.alert_history(services.database, principal, group.kinds, group.public_id(public_id))
            return AlertHistory(alerts=[alert_item(alert) for alert in found], total=len(found))

    return IncidentRoutes
