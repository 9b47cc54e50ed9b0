"""The page of one monitor, and the button that checks it now."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.off_loop import off_loop
from controller.operations.channels import mail_routes
from controller.operations.facts.facts import monitor_facts
from controller.operations.monitors.checks import trigger_check
from controller.operations.monitors.dependencies import dependencies_of
from controller.operations.monitors.report import monitor_report
from controller.pages.monitor.actions import ACTIONS, DONE, identifier_of, visible_monitor
from controller.pages.monitor.period import Address, period_of, question_of, triggered_at
from controller.pages.monitor.view import monitor_view
from controller.pages.shell.page import page, see_other
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.targets import KINDS

_KEPT = ("range", "from", "to", "location", "status", "purpose", "before", "after", "checked")


@get("/monitors/{public_id:str}", opt={PERMISSION: Permission.READ})
async def monitor_page(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    query, now = {name: request.query_params.get(name, "") for name in _KEPT}, utc_now()
    period, triggered = period_of(query, now), triggered_at(query)
    report = await monitor_report(
        services.database,
        principal,
        identifier_of(public_id),
        view=period.view,
        question=question_of(query, period.view),
        triggered_at=triggered,
        now=now,
    )
    facts = await monitor_facts(services.database, principal, report.monitor.public_id)
    done = DONE.get(request.query_params.get("done", ""), "")
    unheard = await mail_routes.warnings_for(services.database, principal, report.monitor)
    view = await off_loop(monitor_view, report, period, Address(query), triggered, now, facts, done, unheard)
    found = await dependencies_of(services.database, principal, (report.monitor.kind,), report.monitor.public_id)
    view = msgspec.structs.replace(view, dependencies=found)
    return await page(
        request, "monitor/page.html", view, title=report.monitor.name, section="monitor", live=True, now=now
    )


@post("/monitors/{public_id:str}/check", opt={PERMISSION: Permission.TRIGGER}, status_code=303)
async def check_now(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Check from every location that is ready, and show how that goes."""
    identifier = (await visible_monitor(services, principal, public_id)).public_id
    triggered = await trigger_check(services.database, services.dispatcher, principal, KINDS, identifier)
    return see_other(request, f"/monitors/{identifier}?checked={to_ms(triggered.due_at)}")


ROUTES: list[ControllerRouterHandler] = [monitor_page, check_now, *ACTIONS]
