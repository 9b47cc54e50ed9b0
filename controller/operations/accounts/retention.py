"""How long an organization's results, roll-ups and blocks are kept: at most as long as the installation keeps them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import Permission, limits_to
from controller.decisions.history.retention import (
    RetentionChoice,
    blocks_since,
    bounding_blocks,
    final_moment,
    in_force,
    kept,
    kept_finally,
    kept_of,
    rechosen,
    results_since,
    rollups_since,
)
from controller.errors import InvalidError, NotFoundError
from controller.model import Organization, Principal
from controller.model.audit import AuditAction
from controller.model.retention import DAYS_OF_A_MONTH, Kept, Retention
from controller.operations.access import require
from controller.operations.audit.recording import record_about
from controller.operations.audit.states import object_of
from controller.store.accounts import organizations
from controller.store.platform.pool import Database
from controller.store.retention import choices
from controller.store.retention.amounts import Cut, Removed, removed_by


class RetentionChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values; None is as long as the installation keeps it, and what is unset stays as it is."""

    results_days: int | UnsetType | None = UNSET
    rollups_months: int | UnsetType | None = UNSET


class OrganizationRetention(msgspec.Struct, frozen=True, kw_only=True):
    """`chosen` is the organization's own choice, `kept` what holds now, and `then` what holds from `takes_effect_at`
    on: both None when nothing will change. `removed` is how much goes by that.
    """

    organization: Organization
    chosen: Retention
    kept: Kept
    results_since: datetime
    rollups_since: datetime
    blocks_since: datetime
    then: Kept | None = None
    takes_effect_at: datetime | None = None
    removed: Removed


async def kept_by(database: Database, principal: Principal, now: datetime) -> Kept:
    """How long history is kept in the organization that the principal works in. Raises OrganizationRequiredError."""
    async with database.connection() as connection:
        return await choices.kept_by(connection, principal.organization_id, now)


async def get_retention(
    database: Database, principal: Principal, public_id: UUID, now: datetime
) -> OrganizationRetention:
    """Raises NotFoundError."""
    found = await _organization(database, principal, Permission.READ, public_id)
    async with database.connection() as connection:
        choice = await choices.of_organization(connection, found.id)
    return await _state(database, found, choice, now)


async def change_retention(
    database: Database,
    principal: Principal,
    public_id: UUID,
    change: RetentionChange,
    *,
    dry_run: bool,
    now: datetime,
) -> OrganizationRetention:
    """Change what an organization keeps, and return how that is then. With `dry_run` nothing is changed. A shorter time
    takes effect a day later, after operators were notified. Raises InvalidError, NotFoundError, ForbiddenError.
    """
    found = await _organization(database, principal, Permission.MANAGE_ORGANIZATION, public_id)
    values = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
    async with database.one_transaction() as own, own.connection() as connection:
        before = await choices.of_organization(connection, found.id, lock=not dry_run)
        installation = await choices.of_installation(connection)
        new = bounding_blocks(msgspec.structs.replace(before.chosen, **values))
        _check(new, kept_of(installation.chosen))
        after = rechosen(before, new, in_force(installation, now), now)
        if not dry_run:
            await choices.save(connection, found.id, after)
            await record_about(
                own,
                principal,
                AuditAction.ORGANIZATION_CHANGED,
                object_of(found),
                before=_fields(before.chosen),
                after=_fields(after.chosen),
            )
        return await _state(own, found, after, now)


def _check(new: Retention, most: Kept) -> None:
    """Raises InvalidError."""
    for field, setting, value, longest in (
        ("keepResultsDays", "MAILPROBE_KEEP_RESULTS_DAYS", new.results_days, most.results_days),
        ("keepRollupsMonths", "MAILPROBE_KEEP_ROLLUPS_MONTHS", new.rollups_months, most.rollups_months),
    ):
        if value is not None and not 1 <= value <= longest:
            raise InvalidError(field, f"must be from 1 to {longest}, as the installation keeps it ({setting}), or null")
    days, months = new.results_days or most.results_days, new.rollups_months or most.rollups_months
    if days > DAYS_OF_A_MONTH * months:
        raise InvalidError(
            "keepRollupsMonths", f"must be at least one for every {DAYS_OF_A_MONTH} days of keepResultsDays ({days})"
        )


async def _organization(
    database: Database, principal: Principal, permission: Permission, public_id: UUID
) -> Organization:
    """Raises NotFoundError, ForbiddenError."""
    found = await organizations.by_public_id(database, limits_to(principal), public_id)
    if found is None:
        raise NotFoundError
    require(principal, permission, found.id, None)
    return found


async def _state(
    database: Database, organization: Organization, choice: RetentionChoice, now: datetime
) -> OrganizationRetention:
    async with database.connection() as connection:
        installation = await choices.of_installation(connection)
        held, then = kept(installation, choice, now), kept_finally(installation, choice)
        at = final_moment(installation, choice, now)
        removed = Removed(0, 0)
        if then != held:
            removed = await removed_by(
                connection,
                organization.id,
                Cut(results_since(held, now), results_since(then, at)),
                Cut(rollups_since(held, now), rollups_since(then, at)),
                Cut(blocks_since(held, now), blocks_since(then, at)),
            )
    return OrganizationRetention(
        organization=organization,
        chosen=choice.chosen,
        kept=held,
        results_since=results_since(held, now),
        rollups_since=rollups_since(held, now),
        blocks_since=blocks_since(held, now),
        then=then if then != held else None,
        takes_effect_at=at if then != held else None,
        removed=removed,
    )


def _fields(retention: Retention) -> dict[str, Any]:
    return {"keepResultsDays": retention.results_days, "keepRollupsMonths": retention.rollups_months}
