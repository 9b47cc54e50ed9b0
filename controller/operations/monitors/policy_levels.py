"""Which policies are set, level by level, and for which locations a policy of a level is."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from controller.decisions.evaluation.policies import Effective, Level, Levels, effective
from controller.decisions.replay.imagined import PolicyScope
from controller.decisions.schedule.eligibility import configured
from controller.decisions.schedule.rotation import at_once, pool
from controller.errors import NotFoundError
from controller.model import Principal
from controller.operations.monitors.policies import PolicyOwner
from controller.store.evaluation.evaluated_monitors import enabled_locations, evaluated_monitors
from controller.store.monitors import policies as store
from controller.store.monitors.policies import SetPolicy
from controller.store.platform.pool import Database

MOST_MONITORS = 200
_EACH_MINUTE = 60


class PolicyOfLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A customer or monitor with a policy of its own."""

    public_id: UUID
    name: str
    held: Effective


class SetPolicies(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for the organization, and the customers and monitors with a policy of their own; of `monitors_set`
    monitors the first.
    """

    organization: Effective
    customers: list[PolicyOfLevel]
    monitors: list[PolicyOfLevel]
    monitors_set: int


class LevelsOfOwner(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for somebody, what would hold without an own policy, and whether there is an own one."""

    held: Effective
    above: Effective
    own: bool
    scope: PolicyScope


async def set_policies(database: Database, principal: Principal) -> SetPolicies:
    """Those that the principal may see."""
    number = principal.organization_id
    async with database.connection() as connection:
        levels = await store.levels_of(database, Level.ORGANIZATION, number)
        customers = await store.customers_with_policies(connection, number, principal.customer_ids)
        monitors, count = await store.monitors_with_policies(
            connection, number, principal.customer_ids, limit=MOST_MONITORS
        )
    if levels is None:
        raise NotFoundError
    return SetPolicies(
        organization=effective(levels), customers=_held(customers), monitors=_held(monitors), monitors_set=count
    )


async def levels_of_owner(database: Database, owner: PolicyOwner) -> LevelsOfOwner:
    """Raises NotFoundError when it was deleted meanwhile."""
    levels = await store.levels_of(database, owner.level, owner.number)
    if levels is None:
        raise NotFoundError
    held = effective(levels)
    return LevelsOfOwner(
        held=held,
        above=effective(_without_own(levels, owner.level)),
        own=_without_own(levels, owner.level) != levels,
        scope=await _scope(database, owner),
    )


async def _scope(database: Database, owner: PolicyOwner) -> PolicyScope:
    """The monitor's own interval and locations; for the other levels each minute, from all that are enabled."""
    async with database.connection() as connection:
        locations = await enabled_locations(connection)
        if owner.level is not Level.MONITOR:
            return PolicyScope(interval_seconds=_EACH_MINUTE, locations=locations)
        known = (await evaluated_monitors(connection, [owner.number])).get(owner.number)
    if known is None:
        raise NotFoundError
    monitor = known.monitor
    own = pool(monitor, configured(locations, monitor.allowed_check_country_codes))
    rotating = monitor.rotate_locations and at_once(monitor) is not None and not monitor.in_turn
    return PolicyScope(
        interval_seconds=monitor.interval_seconds,
        locations=own,
        per_round=monitor.locations_per_round if rotating else None,
    )


def _held(found: Sequence[SetPolicy]) -> list[PolicyOfLevel]:
    return [PolicyOfLevel(public_id=one.public_id, name=one.name, held=effective(one.levels)) for one in found]


def _without_own(levels: Levels, level: Level) -> Levels:
    """A customer's threshold stays: it is a setting of its own."""
    match level:
        case Level.MONITOR:
            return levels._replace(monitor=None, mode=None)
        case Level.CUSTOMER:
            return levels._replace(customer=None)
        case Level.ORGANIZATION:
            return levels._replace(organization=None)
