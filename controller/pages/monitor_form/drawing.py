"""Draws the form of a monitor with all that it is drawn with."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request, Response

from controller.decisions.access import may_change
from controller.errors import ForbiddenError, InvalidError
from controller.http.services import Services
from controller.kinds.kind import MonitorKind
from controller.model import Monitor, Principal
from controller.operations.accounts import customers
from controller.operations.overview import overview
from controller.pages.monitor.actions import visible_monitor
from controller.pages.monitor_form.values import Values
from controller.pages.monitor_form.view import Around, form_view
from controller.pages.shell.page import page

_TITLES = {"new": "New monitor", "copy": "New monitor", "edit": "Change {}"}
_MOST_FIELDS = 100


async def around(services: Services, principal: Principal) -> Around:
    """Raises OrganizationRequiredError."""
    known = await customers.list_customers(services.database, principal)
    found = await overview.read_troubles(services.database, principal)
    return Around(locations=found.locations, customers=known)


async def draw_form(
    request: Request[Any, Any, Any],
    kind: MonitorKind,
    values: Values,
    beside: Around,
    *,
    act: str = "new",
    problems: dict[str, str] | None = None,
    monitor: Monitor | None = None,
    version: str = "",
    drawn: bool = False,
    status: HTTPStatus | None = None,
) -> Response[bytes]:
    """With problems the status is 400, unless another is given."""
    view = form_view(kind, values, beside, act=act, problems=problems, monitor=monitor, version=version, drawn=drawn)
    usual = HTTPStatus.BAD_REQUEST if problems else HTTPStatus.OK
    title = _TITLES[act].format(monitor.name if monitor else "")
    return await page(request, "monitor_form/page.html", view, title=title, section="overview", status=status or usual)


async def changeable_monitor(services: Services, principal: Principal, text: str) -> Monitor:
    """The monitor, for who may change more than its status. Raises NotFoundError, ForbiddenError."""
    monitor = await visible_monitor(services, principal, text)
    if not may_change(principal, ("name",)):
        raise ForbiddenError
    return monitor


def given_in_address(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    """The fields that a link fills in. Raises InvalidError."""
    try:
        pairs = parse_qsl(request.url.query, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise InvalidError("The address", f"must have at most {_MOST_FIELDS} parameters") from error
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    return given
