"""Read and change the policy by which failures are believed: of an organization, a customer or a monitor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.access import Permission, Reach, may_change, reaches
from controller.decisions.evaluation.policies import Effective, Levels, effective
from controller.decisions.evaluation.policy import PRESETS, Policy
from controller.errors import ForbiddenError, NotFoundError
from controller.model import Mode, Principal
from controller.operations.accounts.customers import customer_for
from controller.operations.monitors.monitors import Kinds, monitor_for
from controller.store.monitors import policies as store
from controller.store.monitors.policies import Level, Own
from controller.store.platform.pool import Database


class PolicyOwner(msgspec.Struct, frozen=True):
    """The owner of a policy, after the permission of the caller was checked."""

    level: Level
    number: int


class PolicyChange(msgspec.Struct, frozen=True, kw_only=True):
    """`base` is a policy or a preset to begin with; None is the policy that holds now. `values` replace fields of it.
    With `reset` the owner has no policy of its own any more.
    """

    base: Policy | Mode | None = None
    values: Mapping[str, Any] = {}
    reset: bool = False


def of_organization(principal: Principal, permission: Permission) -> PolicyOwner:
    """Raises OrganizationRequiredError, ForbiddenError."""
    number = principal.organization_id
    if reaches(principal, permission, organization_id=number) is not Reach.ALLOWED:
        raise ForbiddenError
    return PolicyOwner(Level.ORGANIZATION, number)


async def of_customer(
    database: Database, principal: Principal, permission: Permission, identifier: int | UUID
) -> PolicyOwner:
    """Raises NotFoundError, ForbiddenError."""
    return PolicyOwner(Level.CUSTOMER, (await customer_for(database, principal, permission, identifier)).id)


async def of_monitor(
    database: Database, principal: Principal, permission: Permission, kinds: Kinds, public_id: UUID
) -> PolicyOwner:
    """Raises NotFoundError, ForbiddenError."""
    monitor = await monitor_for(database, principal, permission, kinds, public_id)
    if permission is Permission.CHANGE and not may_change(principal, ["policy"]):
        raise ForbiddenError
    return PolicyOwner(Level.MONITOR, monitor.id)


async def policy_of(database: Database, owner: PolicyOwner) -> Effective:
    """Raises NotFoundError when it was deleted meanwhile."""
    return _held(await store.levels_of(database, owner.level, owner.number))


async def change_policy(database: Database, owner: PolicyOwner, change: PolicyChange) -> Effective:
    """Raises NotFoundError when it was deleted meanwhile."""
    if change == PolicyChange():
        return await policy_of(database, owner)
    return _held(
        await store.change(database, owner.level, owner.number, lambda levels: _changed_policy(levels, change))
    )


def _changed_policy(levels: Levels, change: PolicyChange) -> Own:
    if change.reset:
        return None
    if change.base is not None and not change.values:
        return change.base
    base = PRESETS[change.base] if isinstance(change.base, Mode) else change.base
    return msgspec.structs.replace(base or effective(levels).policy, **change.values)


def _held(levels: Levels | None) -> Effective:
    if levels is None:
        raise NotFoundError
    return effective(levels)
