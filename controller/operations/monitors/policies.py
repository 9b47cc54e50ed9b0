"""Read and change the policy by which failures are believed: of an organization, a customer or a monitor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.access import Permission, Reach, limits_to, may_change, reaches
from controller.decisions.evaluation.policies import Effective, Level, Levels, Own, effective
from controller.decisions.evaluation.policy import PRESETS, Policy
from controller.errors import ForbiddenError, NotFoundError
from controller.model import Mode, Principal
from controller.model.audit import AuditAction, AuditObject
from controller.operations.access import require
from controller.operations.accounts.customers import customer_for
from controller.operations.audit.recording import record_about
from controller.operations.audit.states import object_of
from controller.operations.monitors.monitors import Kinds, monitor_for
from controller.store.accounts import organizations
from controller.store.monitors import policies as store
from controller.store.platform.pool import Database


class PolicyOwner(msgspec.Struct, frozen=True):
    """The owner of a policy, after the permission of the caller was checked. `named` is the owner itself; None is the
    organization.
    """

    principal: Principal
    level: Level
    number: int
    named: AuditObject | None = None


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
    return PolicyOwner(principal, Level.ORGANIZATION, number)


async def of_named_organization(
    database: Database, principal: Principal, permission: Permission, public_id: UUID
) -> PolicyOwner:
    """Raises NotFoundError, ForbiddenError."""
    found = await organizations.by_public_id(database, limits_to(principal), public_id)
    if found is None:
        raise NotFoundError
    require(principal, permission, found.id, None)
    return PolicyOwner(principal, Level.ORGANIZATION, found.id, object_of(found))


async def of_customer(
    database: Database, principal: Principal, permission: Permission, identifier: int | UUID
) -> PolicyOwner:
    """Raises NotFoundError, ForbiddenError."""
    customer = await customer_for(database, principal, permission, identifier)
    return PolicyOwner(principal, Level.CUSTOMER, customer.id, object_of(customer))


async def of_monitor(
    database: Database, principal: Principal, permission: Permission, kinds: Kinds, public_id: UUID
) -> PolicyOwner:
    """Raises NotFoundError, ForbiddenError."""
    monitor = await monitor_for(database, principal, permission, kinds, public_id)
    if permission is Permission.CHANGE and not may_change(principal, ["policy"]):
        raise ForbiddenError
    return PolicyOwner(principal, Level.MONITOR, monitor.id, object_of(monitor))


async def policy_of(database: Database, owner: PolicyOwner) -> Effective:
    """Raises NotFoundError when it was deleted meanwhile."""
    return _held(await store.levels_of(database, owner.level, owner.number))


async def change_policy(
    database: Database, owner: PolicyOwner, change: PolicyChange | Callable[[Effective], PolicyChange]
) -> Effective:
    """`change` may depend on the policy that holds now. Raises NotFoundError when it was deleted meanwhile."""
    if change == PolicyChange():
        return await policy_of(database, owner)
    before: list[Levels] = []

    def decide(levels: Levels) -> Own:
        before.append(levels)
        return changed_policy(
            levels, owner.level, change if isinstance(change, PolicyChange) else change(effective(levels))
        )

    async with database.one_transaction() as own:
        levels = await store.change(own, owner.level, owner.number, decide)
        held = _held(levels)
        await record_about(
            own,
            owner.principal,
            AuditAction.POLICY_CHANGED,
            owner.named or await _organization(own, owner.number),
            before=own_fields(before[0], owner.level),
            after=own_fields(levels or Levels(), owner.level),
        )
    return held


def changed_policy(levels: Levels, level: Level, change: PolicyChange) -> Own:
    """The own policy after the change, for this level, whose policies these are."""
    if change.reset:
        return None
    if change == PolicyChange():
        return _own(levels, level)
    if change.base is not None and not change.values:
        return change.base
    base = PRESETS[change.base] if isinstance(change.base, Mode) else change.base
    return msgspec.structs.replace(base or effective(levels).policy, **change.values)


async def _organization(database: Database, number: int) -> AuditObject:
    found = await organizations.by_id(database, number)
    if found is None:
        raise NotFoundError
    return object_of(found)


def _own(levels: Levels, level: Level) -> Own:
    """What is set at this level itself."""
    own = {Level.ORGANIZATION: levels.organization, Level.CUSTOMER: levels.customer}
    return own.get(level, levels.monitor or levels.mode)


def own_fields(levels: Levels, level: Level) -> dict[str, Any]:
    """What is set at this level itself."""
    policy = {Level.ORGANIZATION: levels.organization, Level.CUSTOMER: levels.customer, Level.MONITOR: levels.monitor}
    return {"policy": msgspec.to_builtins(policy[level]), "mode": msgspec.to_builtins(levels.mode)}


def _held(levels: Levels | None) -> Effective:
    if levels is None:
        raise NotFoundError
    return effective(levels)
