"""One change of many monitors: all of them, or none."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import Permission, limits_to, may_change
from controller.decisions.evaluation.policies import Level, own_stored
from controller.decisions.monitors.many import SettingsOfMany, with_settings
from controller.decisions.monitors.monitors import check_package_interval
from controller.errors import ForbiddenError, InvalidError, InvalidFieldsError
from controller.kinds import kind_named
from controller.model import Monitor, Principal
from controller.model.audit import AuditAction
from controller.model.monitor_list import MonitorFilter
from controller.off_loop import off_loop
from controller.operations.access import require
from controller.operations.accounts.customers_meant import customers_meant
from controller.operations.audit.recording import ChangeOf, record_many
from controller.operations.audit.states import fields_of, object_of
from controller.operations.monitors.common_parents import CommonParents, common_parents, hold_all, store_parents
from controller.operations.monitors.dependencies import FIELD, LinkedMonitor
from controller.operations.monitors.policies import PolicyChange, changed_policy, own_fields
from controller.store.monitors import many as store
from controller.store.monitors.many import ChangedOne, LockedMonitor
from controller.store.platform.pool import Database

MOST_MONITORS = 10_000
MOST_PROBLEMS = 100

_OUR_NAMES = {"checkIntervalSeconds": "interval", "timeoutSeconds": "timeout"}


class ChangeOfMany(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to each: deleted, or given new settings, a new policy and other monitors to depend on."""

    settings: SettingsOfMany = SettingsOfMany()
    policy: PolicyChange = PolicyChange()
    depends_on: Sequence[UUID] | UnsetType = UNSET
    delete: bool = False


class MonitorProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Why one monitor cannot be changed so."""

    monitor: UUID
    problem: InvalidError


class ManyDone(msgspec.Struct, frozen=True, kw_only=True):
    """The monitors that were meant, oldest first, and which of them changed, or would. `problems` are the first
    MOST_PROBLEMS, which only a trial run answers.
    """

    monitors: list[Monitor]
    changed: frozenset[int]
    problems: list[MonitorProblem]


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    changed: list[ChangedOne]
    entries: list[ChangeOf]
    problems: list[MonitorProblem]


async def change_many(
    database: Database,
    principal: Principal,
    meant: MonitorFilter | Collection[UUID],
    change: ChangeOfMany,
    *,
    dry_run: bool,
) -> ManyDone:
    """Change or delete the monitors that match, or that have these ids; with `dry_run` nothing is stored. Raises
    InvalidFieldsError with `monitors.<id>.<field>`, InvalidError, UnknownCustomerError, ForbiddenError.
    """
    permission = Permission.DELETE if change.delete else Permission.CHANGE
    _require_fields(principal, change)
    async with database.one_transaction() as own:
        if change.depends_on is not UNSET:
            await hold_all(own, principal, meant)
        found = await _locked(own, principal, meant)
        for organization_id, customer_id in {(one.monitor.organization_id, one.monitor.customer_id) for one in found}:
            require(principal, permission, organization_id, customer_id)
        parents = CommonParents()
        if change.depends_on is not UNSET:
            parents = await common_parents(own, principal, [one.monitor for one in found], change.depends_on)
        plan = await off_loop(_plan, found, change, parents)
        problems = [*await off_loop(_unknown, meant, found), *plan.problems][:MOST_PROBLEMS]
        if problems and not dry_run:
            raise InvalidFieldsError([_named(one) for one in problems])
        if not dry_run:
            await _store(own, principal, plan, parents, delete=change.delete)
    return ManyDone(
        monitors=[one.monitor for one in found],
        changed=frozenset(one.before.id for one in plan.changed),
        problems=problems,
    )


def _require_fields(principal: Principal, change: ChangeOfMany) -> None:
    fields = change.settings.fields() | ({"policy"} if change.policy != PolicyChange() else set())
    fields |= {FIELD} if change.depends_on is not UNSET else set()
    if not may_change(principal, fields):
        raise ForbiddenError


async def _locked(
    database: Database, principal: Principal, meant: MonitorFilter | Collection[UUID]
) -> list[LockedMonitor]:
    if not isinstance(meant, MonitorFilter):
        return await store.lock_named(database, limits_to(principal), meant)
    customer_ids = await customers_meant(database, principal, meant)
    found = await store.lock_matching(database, principal.organization_id, customer_ids, meant, limit=MOST_MONITORS + 1)
    if len(found) > MOST_MONITORS:
        raise InvalidError("filter", f"must match at most {MOST_MONITORS} monitors")
    return found


def _unknown(meant: MonitorFilter | Collection[UUID], found: Sequence[LockedMonitor]) -> list[MonitorProblem]:
    if isinstance(meant, MonitorFilter):
        return []
    known = {one.monitor.public_id for one in found}
    return [
        MonitorProblem(monitor=public_id, problem=InvalidError("id", "must be that of a monitor"))
        for public_id in meant
        if public_id not in known
    ]


def _plan(found: Sequence[LockedMonitor], change: ChangeOfMany, parents: CommonParents) -> _Plan:
    plan = _Plan(changed=[], entries=[], problems=[])
    for one in found:
        try:
            changed = _changed(one, change, parents)
        except InvalidError as error:
            plan.problems.extend(_problem(one.monitor, field) for field in error.fields)
            continue
        if changed is not None:
            plan.changed.append(changed)
            plan.entries.extend(_entries(one, changed, parents, delete=change.delete))
    return plan


def _changed(one: LockedMonitor, change: ChangeOfMany, parents: CommonParents) -> ChangedOne | None:
    """None when nothing changes. Raises InvalidError."""
    before = one.monitor
    if before.id in parents.problems:
        raise parents.problems[before.id]
    if change.delete:
        return ChangedOne(before=before, after=before)
    if change.settings.interval_seconds not in (UNSET, before.interval_seconds):
        kind_named(before.kind).check_interval(change.settings.interval_seconds)
        check_package_interval(change.settings.interval_seconds, one.least_minutes)
    after = with_settings(before, change.settings)
    policy, mode = one.levels.monitor, one.levels.mode
    if change.policy != PolicyChange():
        policy, mode = own_stored(Level.MONITOR, changed_policy(one.levels, Level.MONITOR, change.policy))
    other_policy = (policy, mode) != (one.levels.monitor, one.levels.mode)
    if after == before and not other_policy and before.id not in parents.after:
        return None
    return ChangedOne(before=before, after=after, other_policy=other_policy, policy=policy, mode=mode)


def _entries(one: LockedMonitor, changed: ChangedOne, parents: CommonParents, *, delete: bool) -> Iterator[ChangeOf]:
    what = object_of(changed.before)
    if delete:
        yield ChangeOf(action=AuditAction.MONITOR_DELETED, what=what, before=fields_of(changed.before), after=None)
        return
    yield ChangeOf(
        action=AuditAction.MONITOR_CHANGED,
        what=what,
        before=_settings(changed.before) | _names(parents.before.get(changed.before.id)),
        after=_settings(changed.after) | _names(parents.after.get(changed.before.id)),
    )
    if changed.other_policy:
        levels = one.levels._replace(monitor=changed.policy, mode=changed.mode)
        yield ChangeOf(
            action=AuditAction.POLICY_CHANGED,
            what=what,
            before=own_fields(one.levels, Level.MONITOR),
            after=own_fields(levels, Level.MONITOR),
        )


def _settings(monitor: Monitor) -> dict[str, object]:
    """The fields that a change of many may change, by the names of the audit log."""
    return {
        "status": monitor.status.value,
        "intervalSeconds": monitor.interval_seconds,
        "allowedCheckCountryCodes": monitor.allowed_check_country_codes,
        "labels": monitor.labels,
        "notifyOnError": monitor.notify_on_error,
    }


def _names(parents: Sequence[LinkedMonitor] | None) -> dict[str, object]:
    return {} if parents is None else {FIELD: sorted(one.name for one in parents)}


async def _store(
    database: Database, principal: Principal, plan: _Plan, parents: CommonParents, *, delete: bool
) -> None:
    if delete:
        await store.soft_delete(database, [one.before.id for one in plan.changed])
    elif plan.changed:
        await store.change(database, plan.changed)
        if parents.after:
            await store_parents(database, parents.after)
    await record_many(database, principal, plan.entries)


def _problem(monitor: Monitor, problem: InvalidError) -> MonitorProblem:
    field = _OUR_NAMES.get(problem.field, problem.field)
    return MonitorProblem(monitor=monitor.public_id, problem=InvalidError(field, problem.rule))


def _named(one: MonitorProblem) -> InvalidError:
    return InvalidError(f"monitors.{one.monitor}.{one.problem.field}", one.problem.rule)
