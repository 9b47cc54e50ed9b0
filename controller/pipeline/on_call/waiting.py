"""Look at groups of incidents that nobody may have taken: remind those who know of them, and tell others by the steps
of escalation policies. What was done is stored together with its deliveries: nothing is told twice, whatever happens.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from controller.decisions.on_call.escalation import escalating, policy_for, steps_in_force
from controller.decisions.on_call.reminders import ReminderTimes, in_force, next_reminder
from controller.decisions.on_call.taking import WaitingIncident, lapses_at, waiting
from controller.model.notification.on_call import EscalationPolicy, Reminders
from controller.pipeline.on_call.telling import remind, tell_of_joined, tell_step
from controller.store.evaluation import evaluations
from controller.store.on_call import due, policies, telling
from controller.store.on_call.settings import reminders_of
from controller.store.platform.pool import Connection, Database, StoreUnavailableError, is_away

log = structlog.get_logger()

ON_CALL_SECONDS = 1.0
_AGAIN = timedelta(seconds=60)
"""A group is looked at so often while it is open: what nobody announces, such as the end of a maintenance, counts then.
"""
_ROUNDS = 20


class _Settings(NamedTuple):
    """What holds in an organization."""

    policies: list[EscalationPolicy]
    organization: Reminders | None
    customers: Mapping[int, Reminders | None]

    @property
    def any(self) -> bool:
        times = [in_force(self.organization), *(in_force(self.organization, one) for one in self.customers.values())]
        return bool(self.policies) or any(one.enabled for one in times)

    def reminders(self, customer_id: int) -> ReminderTimes:
        return in_force(self.organization, self.customers.get(customer_id))


async def tell_who_waits(db: Database) -> int:
    """Do what is due; return the number of deliveries. A group or organization that cannot be handled is logged and
    looked at again. Raises StoreUnavailableError.
    """
    made = 0
    for _ in range(_ROUNDS):
        organizations = await due.organizations_due(db)
        for organization_id in organizations:
            try:
                made += await _in_organization(db, organization_id)
            except Exception as error:
                if is_away(error):
                    raise
                log.exception("on_call_failed", organization_id=organization_id)
                await due.put_off(db, organization_id, _AGAIN)
        if not organizations:
            break
    return made


async def _in_organization(db: Database, organization_id: int) -> int:
    """One transaction with the organization locked, in which its settings and groups do not change."""
    made = 0
    async with db.transaction() as connection:
        await connection.execute("SELECT FROM organization WHERE id = $1 FOR NO KEY UPDATE", organization_id)
        found = _Settings(
            [one for one in await policies.policies_of(connection, organization_id) if one.enabled],
            *await reminders_of(connection, organization_id),
        )
        if not found.any:
            await due.nothing_to_do(connection, organization_id)
            return 0
        now = await evaluations.now(connection)
        for group_id in await due.due_groups(connection, organization_id):
            try:
                async with connection.transaction():
                    made += await _of_group(connection, organization_id, group_id, found, now)
            except StoreUnavailableError:
                raise
            except Exception:
                log.exception("on_call_failed", group_id=group_id)
                await due.set_due(connection, group_id, now + _AGAIN)
    return made


async def _of_group(
    connection: Connection, organization_id: int, group_id: int, found: _Settings, now: datetime
) -> int:
    incidents = await due.open_incidents(connection, group_id)
    made, next_at = await _escalate(connection, organization_id, group_id, found.policies, incidents, now)
    reminded, remind_at = await _remind(connection, organization_id, group_id, found, incidents, now)
    moments = [at for at in (next_at, remind_at, lapses_at(incidents, now)) if at is not None]
    await due.set_due(connection, group_id, min([*moments, now + _AGAIN]))
    return made + reminded


async def _escalate(
    connection: Connection,
    organization_id: int,
    group_id: int,
    known: list[EscalationPolicy],
    incidents: list[WaitingIncident],
    now: datetime,
) -> tuple[int, datetime | None]:
    """Customers hear of their own incidents only: each policy sees those of the customers for which it holds."""
    by_policy: dict[int, list[WaitingIncident]] = {}
    for one in incidents:
        policy = policy_for(known, organization_id, one.customer_id)
        if policy is not None:
            by_policy.setdefault(policy.id, []).append(one)
    if not by_policy:
        return 0, None
    done = await telling.done_steps(connection, group_id)
    made, moments = 0, []
    for policy in known:
        own = by_policy.get(policy.id, [])
        steps = {one.step: one.at for one in done if one.policy_id == policy.id}
        state = escalating(policy, own, steps, now)
        for number in state.due:
            made += await tell_step(connection, group_id, policy, number, state, now)
        in_force = [number for number in steps_in_force(state, steps) if number < len(policy.steps)]
        if in_force:
            await tell_of_joined(connection, group_id, policy, in_force, state, now)
        if state.next_at is not None:
            moments.append(state.next_at)
    return made, min(moments, default=None)


async def _remind(
    connection: Connection,
    organization_id: int,
    group_id: int,
    found: _Settings,
    incidents: list[WaitingIncident],
    now: datetime,
) -> tuple[int, datetime | None]:
    """One reminder for each receiver, of the incidents that the receiver knows of; by the settings of the customer of
    the one that waits longest.
    """
    known = {
        one.id: one for one in waiting(incidents, now) if not one.flapping and found.reminders(one.customer_id).enabled
    }
    if not known:
        return 0, None
    made, moments = 0, []
    for receiver in await due.notified(connection, group_id, list(known)):
        own = [one for number, one in known.items() if number in receiver.incident_ids]
        times = found.reminders(own[0].customer_id)
        at = next_reminder(times, receiver.reminders, receiver.last_at)
        if at <= now:
            made += await remind(connection, organization_id, group_id, receiver, own, now)
            at = next_reminder(times, receiver.reminders + 1, now)
        moments.append(at)
    return made, min(moments, default=None)
