"""Screens on walls, managed by people: their tokens are made (and shown once), listed and revoked."""

from __future__ import annotations

from uuid import UUID

from controller.decisions.access import Permission, Reach, permits, reaches
from controller.decisions.monitors.monitors import check_name
from controller.decisions.walls import check_wall
from controller.errors import ForbiddenError, InvalidError, InvalidFieldsError, NotFoundError, noting
from controller.model import Principal
from controller.model.audit import AuditAction
from controller.model.walls import ScreenToken, WallQuery
from controller.operations.audit.recording import record
from controller.operations.listing import Listed, PageRequest, page_of
from controller.store.accounts import customers
from controller.store.accounts import screens as store
from controller.store.platform.pool import Database
from controller.store.platform.walks import ListWalk
from controller.vault import Vault
from shared.secret import Secret

SCREEN_ORDERS = ("createdAt", "name")
_NOT_FOUND = "Screen not found"


async def create_screen(
    database: Database, principal: Principal, *, name: str, view: WallQuery
) -> tuple[ScreenToken, Secret]:
    """Make a screen. Returns it with its token in clear. Whoever is limited to some customers makes screens of these.

    Raises InvalidError, ForbiddenError, OrganizationRequiredError.
    """
    _require(principal)
    problems: list[InvalidError] = []
    with noting(problems):
        check_name(name)
    with noting(problems):
        check_wall(view)
    limits = principal.customer_ids
    if view.customer is not None:
        with noting(problems):
            limits = frozenset({await _customer(database, principal, view.customer)})
    if problems:
        raise InvalidFieldsError(problems)
    new = store.NewScreen(
        organization_id=principal.organization_id,
        name=name,
        view=view,
        customer_ids=limits,
        made_by=principal.account_id,
    )
    token = store.new_screen_token()
    async with database.one_transaction() as own:
        made = await store.insert(own, token, new)
        await record(own, principal, AuditAction.SCREEN_CREATED, after=made)
    return made, token


async def screens_page(
    database: Database, vault: Vault, principal: Principal, request: PageRequest
) -> Listed[ScreenToken]:
    """The screens that the principal may manage. Raises InvalidError, ForbiddenError, OrganizationRequiredError."""
    _require(principal)
    number, limits = principal.organization_id, principal.customer_ids
    query = ("screens", number, None if limits is None else sorted(limits))
    return await page_of(
        vault,
        request,
        SCREEN_ORDERS,
        query,
        lambda walk: store.screens_page(database, walk, number, customer_ids=limits),
    )


async def get_screen(database: Database, principal: Principal, public_id: UUID) -> ScreenToken:
    """Raises NotFoundError, ForbiddenError, OrganizationRequiredError."""
    _require(principal)
    found = await store.screens_page(
        database,
        ListWalk(sort="name", limit=1),
        principal.organization_id,
        customer_ids=principal.customer_ids,
        public_id=public_id,
    )
    if not found:
        raise NotFoundError(_NOT_FOUND)
    return found[0][0]


async def revoke_screen(database: Database, principal: Principal, public_id: UUID) -> ScreenToken:
    """From then on its token opens nothing, and its open streams end. Raises NotFoundError, ForbiddenError."""
    _require(principal)
    async with database.one_transaction() as own:
        gone = await store.revoke(own, principal.organization_id, public_id, customer_ids=principal.customer_ids)
        if gone is None:
            raise NotFoundError(_NOT_FOUND)
        await record(own, principal, AuditAction.SCREEN_REVOKED, before=gone)
    return gone


async def is_valid(database: Database, token: str) -> bool:
    """Whether a screen's token is known and was not revoked."""
    return bool(await store.principals_of_screens(database, [store.screen_digest(token)]))


async def _customer(database: Database, principal: Principal, customer: UUID) -> int:
    """Raises InvalidError, also for a customer that the principal may not see."""
    found = await customers.customer_of(database, principal.organization_id, customer)
    reach = found and reaches(
        principal, Permission.READ, organization_id=principal.organization_id, customer_id=found.id
    )
    if found is None or reach is not Reach.ALLOWED:
        raise InvalidError("customer", "must be a customer that you may see")
    return found.id


def _require(principal: Principal) -> None:
    if not permits(principal, Permission.MANAGE_ORGANIZATION_TOKENS):
        raise ForbiddenError
