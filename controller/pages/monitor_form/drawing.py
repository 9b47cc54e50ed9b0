"""Draws the form of a monitor with all that it is drawn with."""

from __future__ import annotations

from collections.abc import Sequence
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
from controller.pages.monitor_form.names import FIND
from controller.pages.monitor_form.reading import Fields, text_of
from controller.pages.monitor_form.values import Values
from controller.pages.monitor_form.view import Around, form_view
from controller.pages.shell.monitor_choices import monitor_choices
from controller.pages.shell.page import page

_TITLES = {"new": "New monitor", "copy": "New monitor", "edit": "Change {}"}
_MOST_FIELDS = 100


async def around(services: Services, principal: Principal, parents: Sequence[str] = (), find: str = "") -> Around:
    """`parents` are the ids of those that are chosen, `find` the text by which others are searched for. Raises
    OrganizationRequiredError.
    """
    known = await customers.list_customers(services.database, principal)
    found = await overview.read_troubles(services.database, principal)
    choices = await monitor_choices(services, principal, parents, find)
    return Around(locations=found.locations, customers=known, parents=choices)


async def around_fields(services: Services, principal: Principal, fields: Fields) -> Around:
    """The same for what somebody typed."""
    return await around(services, principal, fields.get("depends_on", ()), text_of(fields, FIND))


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
