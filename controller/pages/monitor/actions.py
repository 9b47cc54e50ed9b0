"""What people do with one monitor from its page: switch it off and on, keep it quiet, delete it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.decisions.monitors.many import SettingsOfMany, status_after
from controller.errors import ForbiddenError, NotFoundError
from controller.http.auth import PERMISSION
from controller.http.identifiers import monitor_public_id
from controller.http.services import GivenPrincipal, GivenServices, Services
from controller.kinds.servers import servers_text
from controller.model import Monitor, MonitorChange, Principal
from controller.operations.monitors.monitors import delete_monitor, get_monitor, update_monitor
from controller.pages.shell.page import page, see_other
from shared.wire.targets import KINDS

GONE = "It was deleted, or it belongs to somebody else."
_ACTS = {
    "enable": SettingsOfMany(enabled=True),
    "disable": SettingsOfMany(enabled=False),
    "begin-maintenance": SettingsOfMany(in_maintenance=True),
    "end-maintenance": SettingsOfMany(in_maintenance=False),
}
DONE: Mapping[str, str] = {
    "created": "The monitor is there.",
    "changed": "The changes are saved.",
    "enable": "The monitor is enabled: the next check begins soon.",
    "disable": "The monitor is disabled: nothing is checked until somebody enables it.",
    "begin-maintenance": "Maintenance has begun: checks go on, and nobody is notified.",
    "end-maintenance": "Maintenance has ended: people are notified of incidents again.",
}
"""What a form has just done, by the word in the address of the page that it leads to."""


class DeletedMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """The monitor that is about to be deleted."""

    public_id: UUID
    name: str
    server: str
    customer: str
    enabled: bool
    managed: str


@post([f"/monitors/{{public_id:str}}/{act}" for act in _ACTS], opt={PERMISSION: Permission.CHANGE})
async def set_status(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """What the last part of the address says. A monitor that is in this state already stays as it is."""
    act = request.url.path.rpartition("/")[2]
    monitor = await visible_monitor(services, principal, public_id)

    def change(now: Monitor) -> MonitorChange:
        return MonitorChange(status=status_after(now.status, _ACTS[act]))

    await update_monitor(services.database, services.vault, principal, KINDS, monitor.public_id, change)
    return see_other(request, f"/monitors/{monitor.public_id}?done={act}")


@get("/monitors/{public_id:str}/delete", opt={PERMISSION: Permission.DELETE})
async def deletion(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """What is lost, before it is."""
    monitor = await visible_monitor(services, principal, public_id)
    view = DeletedMonitor(
        public_id=monitor.public_id,
        name=monitor.name,
        server=servers_text(monitor),
        customer=monitor.customer_name,
        enabled=monitor.status != "disabled",
        managed=monitor.project or "",
    )
    return await page(request, "monitor/delete.html", view, title=f"Delete {monitor.name}?", section="overview")


@post("/monitors/{public_id:str}/delete", opt={PERMISSION: Permission.DELETE})
async def delete(
    request: Request[Any, Any, Any], public_id: FromPath[str], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    monitor = await visible_monitor(services, principal, public_id)
    await delete_monitor(services.database, principal, KINDS, monitor.public_id)
    return see_other(request, "/?done=deleted")


async def visible_monitor(services: Services, principal: Principal, text: str) -> Monitor:
    """Raises NotFoundError, also for a monitor of somebody else."""
    try:
        return await get_monitor(services.database, principal, KINDS, identifier_of(text))
    except ForbiddenError:
        raise NotFoundError(GONE) from None


def identifier_of(text: str) -> UUID:
    """Raises NotFoundError: an address that no monitor can have is one that none has."""
    try:
        return monitor_public_id(text, message=GONE)
    except ValueError:
        raise NotFoundError(GONE) from None


ACTIONS: list[ControllerRouterHandler] = [set_status, deletion, delete]
