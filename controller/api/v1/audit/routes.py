"""`GET /api/v1/audit`: who changed what, when and from where."""

from __future__ import annotations

from litestar import get
from litestar.types import ControllerRouterHandler

from controller.api.v1.audit.schemas import (
    DEFAULT_PAGE,
    EXAMPLE,
    ActionName,
    ActorName,
    AuditCursorText,
    AuditLimit,
    AuditPage,
    AuditText,
    From,
    ObjectId,
    ObjectKindName,
    To,
    audit_answer,
    audit_filter,
)
from controller.api.v1.results.query import given_cursor
from controller.decisions.access import Permission
from controller.errors import ForbiddenError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import names_another
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId
from controller.http.services import GivenPrincipal, GivenServices
from controller.operations.audit.reading import audit_page

_DESCRIPTION = """\
For admins, newest first: every change that a person, an API token or a command of `mailprobe-controller` made, and
every login, successful or not. Entries are kept for 400 days, and are never changed.

An admin sees the entries of the own organization; a global admin those of all, or of the one that `organizationId`
names. What belongs to the installation (locations, keys, failed logins of nobody who is known) is shown to global
admins, and to admins of the organization that runs it.

Follow `nextCursor` until it is null.
"""


@get(
    "/api/v1/audit",
    operation_id="listAuditEntries",
    summary="The audit log: who changed what, when and from where",
    description=_DESCRIPTION,
    opt={PERMISSION: Permission.READ_AUDIT},
    security=SECURITY,
    tags=["Audit"],
    responses={
        200: answers(AuditPage, "Some entries, and where the next ones are", EXAMPLE),
        **problems(s400="objectKind must be one of organization, customer, user", s403="Forbidden"),
    },
)
async def read_audit(
    services: GivenServices,
    principal: GivenPrincipal,
    since: From = None,
    until: To = None,
    actor: ActorName = None,
    action: ActionName = None,
    object_kind: ObjectKindName = None,
    object_id: ObjectId = None,
    q: AuditText = None,
    limit: AuditLimit = None,
    cursor: AuditCursorText = None,
    organization_id: OrganizationId = None,
) -> AuditPage:
    if organization_id is not None and names_another(organization_id, principal):
        raise ForbiddenError
    found = await audit_page(
        services.database,
        services.vault,
        principal,
        audit_filter(since, until, actor, action, object_kind, object_id, q),
        given_cursor(cursor),
        limit=limit or DEFAULT_PAGE,
    )
    return audit_answer(found)


ROUTES: list[ControllerRouterHandler] = [read_audit]
BODIES = (AuditPage,)
