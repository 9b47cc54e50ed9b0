"""Reads the audit log: admins see their organization's entries, a global admin those of every one. The installation's
own go to global admins, and to the admins of the organization that runs it.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.decisions.access import Permission, Reach, reaches
from controller.decisions.history.cursor import fingerprint
from controller.errors import ForbiddenError
from controller.model import Principal
from controller.model.audit import AuditAction, AuditEntry
from controller.operations.cursors import cursor_behind, position_in
from controller.store.accounts import organizations
from controller.store.audit import entries as store
from controller.store.audit.entries import AuditFilter, Scope
from controller.store.platform.pool import Database
from controller.vault import Vault
from shared.epoch import to_datetime, to_ms

FAILED_LISTED = 50
__all__ = ["AuditFilter"]


class AuditFound(msgspec.Struct, frozen=True, kw_only=True):
    """Some entries, newest first, and the cursor of the next page; None when there is none."""

    entries: list[AuditEntry]
    next_cursor: str | None


async def audit_page(
    database: Database, vault: Vault, principal: Principal, filters: AuditFilter, cursor: str | None, *, limit: int
) -> AuditFound:
    """Raises InvalidError, ForbiddenError."""
    reach = reaches(principal, Permission.READ_AUDIT, organization_id=principal.works_in or 0)
    if reach is not Reach.ALLOWED:
        raise ForbiddenError
    scope = Scope(
        principal.works_in,
        principal.works_in is None or await organizations.is_operating(database, principal.works_in),
    )
    query = fingerprint("audit", scope, filters)
    before = None if cursor is None else _position(vault, cursor, query)
    found = await store.page_of(database, scope, filters, before=before, limit=limit + 1)
    if len(found) <= limit:
        return AuditFound(entries=found, next_cursor=None)
    last = found[limit - 1]
    return AuditFound(
        entries=found[:limit],
        next_cursor=cursor_behind(vault, query, [to_ms(last.at), last.id]),
    )


async def failed_logins(database: Database, principal: Principal) -> list[AuditEntry]:
    """The latest failed logins of the organization's people, the newest first, FAILED_LISTED at most. Raises
    ForbiddenError.
    """
    if reaches(principal, Permission.READ_AUDIT, organization_id=principal.organization_id) is not Reach.ALLOWED:
        raise ForbiddenError
    scope = Scope(principal.organization_id, installation=False)
    filters = AuditFilter(action=AuditAction.LOGIN_FAILED.value)
    return await store.page_of(database, scope, filters, before=None, limit=FAILED_LISTED)


def _position(vault: Vault, cursor: str, query: str) -> tuple[datetime, int]:
    at_ms, number = position_in(vault, cursor, query)
    return to_datetime(at_ms), number
