"""Who was told of an incident because nobody took it, and who is told next."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from controller.decisions.on_call.escalation import escalating, policy_for
from controller.model import Principal
from controller.model.notification.on_call import EscalationPolicy
from controller.store.on_call import due, policies, telling
from controller.store.platform.pool import Database


class NotifiedStep(NamedTuple):
    """A step, from 1 on, of which these receivers were told."""

    number: int
    at: datetime
    names: tuple[str, ...]


class IncidentSteps(NamedTuple):
    """The steps of the policy for an incident: those that were told of its group, and the next one, if the incident
    waits for somebody and there is one.
    """

    policy: EscalationPolicy
    done: tuple[NotifiedStep, ...]
    next_number: int | None
    next_at: datetime | None


async def incident_steps(
    database: Database, principal: Principal, public_id: UUID, now: datetime
) -> IncidentSteps | None:
    """Of an incident that the principal may see; None when no policy is for it, or it is of another organization."""
    async with database.connection() as connection:
        place = await due.place_of(connection, public_id)
        if place is None or principal.works_in not in (None, place.organization_id):
            return None
        known = [one for one in await policies.policies_of(connection, place.organization_id) if one.enabled]
        policy = policy_for(known, place.organization_id, place.customer_id)
        if policy is None:
            return None
        notified = await telling.notified_steps(connection, place.group_id, policy.id)
        incidents = await due.open_incidents(connection, place.group_id)
    own = [one for one in incidents if policy_for(known, place.organization_id, one.customer_id) == policy]
    state = escalating(policy, own, {one.step: one.at for one in notified}, now)
    done = tuple(NotifiedStep(one.step + 1, one.at, tuple(one.names)) for one in notified)
    number = min(state.due) if state.due else state.next_step
    at = now if state.due else state.next_at
    return IncidentSteps(policy, done, number, at)
