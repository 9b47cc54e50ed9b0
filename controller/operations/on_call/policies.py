"""Make, read, change and delete escalation policies. Whoever is limited to customers has those of these alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import Permission, permits
from controller.decisions.on_call.escalation import check_policy
from controller.errors import ForbiddenError, InvalidError, InvalidFieldsError, NotFoundError
from controller.model import Principal
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.model.notification.on_call import EscalationPolicy, EscalationStep, NamedChannel, NamedRota
from controller.operations.access import require
from controller.operations.audit.recording import record_about
from controller.store.accounts import customers, organizations
from controller.store.on_call import due, reachable, rotas
from controller.store.on_call import policies as store
from controller.store.platform.pool import Connection, Database

POLICY_NOT_FOUND = "Escalation policy not found"
_TAKEN = "has an escalation policy: change that one"


class NewStep(NamedTuple):
    """A step as somebody writes it: by public ids."""

    minutes: int
    channels: tuple[UUID, ...] = ()
    rota: UUID | None = None


class EscalationChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values; what is unset stays as it is."""

    name: str | UnsetType = UNSET
    severity: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    steps: tuple[NewStep, ...] | UnsetType = UNSET


async def list_policies(database: Database, principal: Principal) -> list[EscalationPolicy]:
    """The organization's own first. Raises ForbiddenError."""
    if not permits(principal, Permission.MANAGE_CHANNELS):
        raise ForbiddenError
    async with database.connection() as connection:
        found = await store.policies_of(connection, principal.organization_id)
    limits = principal.customer_ids
    return [one for one in found if limits is None or one.customer_id in limits]


async def get_policy(database: Database, principal: Principal, public_id: UUID) -> EscalationPolicy:
    """Raises NotFoundError, ForbiddenError."""
    async with database.connection() as connection:
        return await _found(connection, principal, public_id)


async def create_policy(
    database: Database, principal: Principal, customer: UUID | None, change: EscalationChange
) -> EscalationPolicy:
    """Of the organization, or of one customer. Name and steps must be set. Raises InvalidError, ForbiddenError."""
    organization_id = principal.organization_id
    customer_id = await _customer(database, principal, customer)
    require(principal, Permission.MANAGE_CHANNELS, organization_id, customer_id)
    async with database.one_transaction() as own:
        await organizations.lock(own, organization_id)
        async with own.connection() as connection:
            steps = await _steps(connection, principal, customer_id, change.steps or ())
            new = store.NewPolicy(
                organization_id=organization_id,
                customer_id=customer_id,
                name=(change.name or "").strip(),
                severity=change.severity or "down",
                enabled=change.enabled is not False,
                steps=steps,
            )
            check_policy(new.name, new.severity, new.steps)
            try:
                public_id = await store.insert(connection, new)
            except store.OwnerTakenError as error:
                raise InvalidError("customerId", _TAKEN) from error
            await due.review_all(connection, organization_id)
            [made] = await store.policies_of(connection, organization_id, public_id)
        await record_about(own, principal, AuditAction.ESCALATION_CREATED, _object(made), after=_fields(made))
    return made


async def update_policy(
    database: Database,
    principal: Principal,
    public_id: UUID,
    change: EscalationChange,
    *,
    expect: Callable[[EscalationPolicy], None] = lambda _: None,
) -> EscalationPolicy:
    """`expect` looks at the policy as it is, while it is locked, and raises what it will. Steps that were told stay
    told. Raises InvalidError, NotFoundError, ForbiddenError.
    """
    async with database.one_transaction() as own:
        await organizations.lock(own, principal.organization_id)
        async with own.connection() as connection:
            found = await _found(connection, principal, public_id)
            expect(found)
            values = {name: value for name, value in msgspec.structs.asdict(change).items() if value is not UNSET}
            if change.steps is not UNSET:
                values["steps"] = await _steps(connection, principal, found.customer_id, change.steps)
            if change.name is not UNSET:
                values["name"] = change.name.strip()
            new = msgspec.structs.replace(found, **values)
            check_policy(new.name, new.severity, new.steps)
            await store.update(connection, new)
            await due.review_all(connection, found.organization_id)
            [changed] = await store.policies_of(connection, found.organization_id, public_id)
        action = AuditAction.ESCALATION_CHANGED
        await record_about(own, principal, action, _object(changed), before=_fields(found), after=_fields(changed))
    return changed


async def delete_policy(
    database: Database,
    principal: Principal,
    public_id: UUID,
    *,
    expect: Callable[[EscalationPolicy], None] = lambda _: None,
) -> None:
    """Raises NotFoundError, ForbiddenError, and what `expect` raises."""
    async with database.one_transaction() as own:
        async with own.connection() as connection:
            found = await _found(connection, principal, public_id)
            expect(found)
            await store.delete(connection, found.id)
        await record_about(own, principal, AuditAction.ESCALATION_DELETED, _object(found), before=_fields(found))


async def _found(connection: Connection, principal: Principal, public_id: UUID) -> EscalationPolicy:
    found = await store.policies_of(connection, principal.organization_id, public_id)
    limits = principal.customer_ids
    if not permits(principal, Permission.MANAGE_CHANNELS):
        raise ForbiddenError
    if not found or (limits is not None and found[0].customer_id not in limits):
        raise NotFoundError(POLICY_NOT_FOUND)
    return found[0]


async def _customer(database: Database, principal: Principal, public_id: UUID | None) -> int | None:
    if public_id is None:
        return None
    found = await customers.customer_of(database, principal.organization_id, public_id)
    if found is None or (principal.customer_ids is not None and found.id not in principal.customer_ids):
        raise InvalidError("customerId", "must be a customer that you may see")
    return found.id


async def _steps(
    connection: Connection, principal: Principal, customer_id: int | None, steps: Sequence[NewStep]
) -> tuple[EscalationStep, ...]:
    """The steps with what they name. Raises InvalidFieldsError."""
    limited = principal.customer_ids is not None
    named = {public_id for step in steps for public_id in step.channels}
    found = await reachable.channels_named(
        connection, principal.organization_id, named, customer_id, of_customer_only=limited
    )
    channels = {one.public_id: one for one in found}
    known = [] if limited else await rotas.rotas_of(connection, principal.organization_id)
    by_id = {one.public_id: NamedRota(one.id, one.public_id, one.name) for one in known}
    problems: list[InvalidError] = []
    made: list[EscalationStep] = []
    for number, step in enumerate(steps):
        own: list[NamedChannel] = [channels[one] for one in dict.fromkeys(step.channels) if one in channels]
        if not channels.keys() >= set(step.channels):
            rule = "must be channels of this organization that you may use, for incidents, and of no monitor"
            problems.append(InvalidError(f"steps[{number}].channelIds", rule))
        if step.rota is not None and step.rota not in by_id:
            problems.append(InvalidError(f"steps[{number}].rotaId", "must be a rota that you may use"))
        rota = by_id.get(step.rota) if step.rota is not None else None
        made.append(EscalationStep(minutes=step.minutes, channels=tuple(own), rota=rota))
    if problems:
        raise InvalidFieldsError(problems)
    return tuple(made)


def _object(found: EscalationPolicy) -> AuditObject:
    return AuditObject(
        kind=ObjectKind.ESCALATION,
        id=str(found.public_id),
        name=found.name,
        organization_id=found.organization_id,
    )


def _fields(found: EscalationPolicy) -> dict[str, Any]:
    return {
        "name": found.name,
        "customer": found.customer_name,
        "severity": found.severity,
        "enabled": found.enabled,
        "steps": [
            {
                "afterMinutes": step.minutes,
                "channels": [one.name for one in step.channels],
                "rota": step.rota.name if step.rota else None,
            }
            for step in found.steps
        ],
    }
