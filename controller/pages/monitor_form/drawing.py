"""Draws the form of a monitor with all that it is drawn with."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from litestar import Request, Response

from controller.decisions.access import may_change
from controller.errors import ForbiddenError, InvalidError, NotFoundError
from controller.http.identifiers import monitor_public_id
from controller.http.services import Services
from controller.kinds.kind import MonitorKind
from controller.model import Monitor, Principal
from controller.operations.accounts import customers
from controller.operations.monitors.monitors import get_monitor
from controller.operations.overview import overview
from controller.pages.monitor_form.values import Values
from controller.pages.monitor_form.view import Around, form_view
from controller.pages.shell.page import page
from shared.wire.targets import KINDS

GONE = "It was deleted, or it belongs to somebody else."
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


async def visible_monitor(services: Services, principal: Principal, text: str) -> Monitor:
    """Raises NotFoundError, also for a monitor of somebody else."""
    try:
        return await get_monitor(services.database, principal, KINDS, identifier_of(text))
    except ForbiddenError:
        raise NotFoundError(GONE) from None


async def changeable_monitor(services: Services, principal: Principal, text: str) -> Monitor:
    """The same, for who may change more than its status. Raises NotFoundError, ForbiddenError."""
    monitor = await visible_monitor(services, principal, text)
    if not may_change(principal, ("name",)):
        raise ForbiddenError
    return monitor


def identifier_of(text: str) -> UUID:
    """Raises NotFoundError: an address that no monitor can have is one that none has."""
    try:
        return monitor_public_id(text, message=GONE)
    except ValueError:
        raise NotFoundError(GONE) from None


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
