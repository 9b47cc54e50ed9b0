"""Run a monitor's checks now, and read its recent ones, in Uptimeify's shape (docs/compatibility.md, U16 and U17)."""

from __future__ import annotations

from typing import Any

from litestar import Controller, get, post

from controller.api.compat.uptimeify.checks.history import CheckHistory
from controller.api.compat.uptimeify.monitor_errors import error_handlers
from controller.api.compat.uptimeify.monitor_group import UptimeifyGroup
from controller.api.compat.uptimeify.monitors.answers import TriggerAnswer
from controller.decisions.access import Permission
from controller.http.auth import PERMISSION, SECURITY
from controller.http.openapi import answers, refusals
from controller.http.parameters import Limit, PublicId
from controller.http.problems import DETAIL_IN_STATUS, FAILED
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.monitors import checks


def check_routes(group: UptimeifyGroup) -> type[Controller]:
    """The check routes of the monitors of this group."""

    class CheckRoutes(Controller):
        path = f"{group.path}/{{public_id:str}}"
        tags = (f"{group.name}s",)
        security = SECURITY
        exception_handlers = error_handlers(group)

        @post(
            "/trigger-check",
            status_code=200,
            opt={PERMISSION: Permission.TRIGGER, DETAIL_IN_STATUS: True, FAILED: "Failed to trigger check"},
            operation_id=f"uptimeifyTrigger{group.stem}Check",
            summary="Check now from every eligible location",
            responses={
                200: answers(group.triggered, "The broker has the checks", group.examples.triggered),
                **refusals(
                    s400="No eligible monitoring locations for the selected allowed countries",
                    s403="Forbidden",
                    s404=group.not_found,
                    s409="no location can check it: no connection to port 25 gets out at any location",
                    s500="No active monitoring locations available",
                ),
            },
        )
        async def trigger_check(
            self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal
        ) -> TriggerAnswer:
            triggered = await checks.trigger_check(
                services.database,
                services.dispatcher,
                principal,
                group.kinds,
                group.public_id(public_id),
            )
            codes = [location.code for location in triggered.locations]
            fields: dict[str, Any] = {group.names.number: triggered.monitor_id}
            return group.triggered(
                success=True,
                message="Checks triggered successfully",
                location_codes=codes,
                queue_names=[f"{group.names.queue}-{code}" for code in codes],
                warnings=triggered.warnings,
                **fields,
            )

        @get(
            "/check-history",
            opt={PERMISSION: Permission.READ},
            operation_id=f"uptimeifyList{group.stem}Checks",
            summary=f"Recent checks of {group.noun}",
            responses={
                200: answers(group.history[0], "The latest checks, newest round first", group.examples.history),
                **refusals(s400=group.id_required, s403="Forbidden", s404=group.not_found),
            },
        )
        async def check_history(
            self, public_id: PublicId, services: GivenServices, principal: GivenPrincipal, limit: Limit = 50
        ) -> CheckHistory:
            found = await checks.check_history(
                services.database, principal, group.kinds, group.public_id(public_id), limit=limit
            )
            own: dict[str, Any] = {"data": [group.history_item(check) for check in found]}
            return group.history[0](**own)

    return CheckRoutes
