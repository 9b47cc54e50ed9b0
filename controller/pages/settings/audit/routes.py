"""`/settings/audit`: who changed what, when and from where."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request, Response, get
from litestar.types import ControllerRouterHandler

from controller.decisions.access import Permission
from controller.errors import InvalidError
from controller.http.auth import PERMISSION
from controller.http.services import GivenPrincipal, GivenServices
from controller.off_loop import off_loop
from controller.operations.audit.reading import AuditFound, audit_page
from controller.pages.settings.audit.view import FIELDS, audit_view, filter_of, read_form
from controller.pages.shell.page import page
from controller.pages.shell.problems import problems_of

_PER_PAGE = 50


@get("/settings/audit", opt={PERMISSION: Permission.READ_AUDIT})
async def audit_log(
    request: Request[Any, Any, Any], services: GivenServices, principal: GivenPrincipal
) -> Response[bytes]:
    """Entries of the audit log, newest first, as the address filters them."""
    values = request.query_params
    form, cursor = read_form(values), values.get("cursor") or None
    found, problems, status = AuditFound(entries=[], next_cursor=None), {}, HTTPStatus.OK
    try:
        filters = filter_of(form)
        found = await audit_page(services.database, services.vault, principal, filters, cursor, limit=_PER_PAGE)
    except InvalidError as error:
        problems, status = problems_of(error, FIELDS), HTTPStatus.BAD_REQUEST
    view = await off_loop(lambda: audit_view(form, found, problems, begun=cursor is None))
    return await page(request, "settings/audit/log.html", view, title="Audit log", section="settings", status=status)


ROUTES: list[ControllerRouterHandler] = [audit_log]
