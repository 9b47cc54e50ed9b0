"""Escalation policies. Every read names an organization, so that no caller reaches another one by mistake."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from controller.model.notification.on_call import EscalationPolicy, EscalationStep, NamedChannel, NamedRota
from controller.store.platform.pool import Connection

_POLICIES = """
SELECT policy.id, policy.public_id, policy.organization_id, policy.customer_id,
  customer.public_id AS customer_public_id, customer.name AS customer_name, policy.name, severity, enabled, steps,
  policy.created_at, policy.updated_at
FROM escalation_policy AS policy LEFT JOIN customer ON customer.id = policy.customer_id
WHERE policy.organization_id = $1 AND ($2::uuid IS NULL OR policy.public_id = $2)
ORDER BY policy.customer_id IS NOT NULL, lower(customer.name), policy.id
"""


class NewPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy to store."""

    organization_id: int
    customer_id: int | None
    name: str
    severity: str
    enabled: bool
    steps: tuple[EscalationStep, ...]


class OwnerTakenError(Exception):
    """The organization, or the customer, has a policy."""


async def policies_of(
    connection: Connection, organization_id: int, public_id: UUID | None = None
) -> list[EscalationPolicy]:
    """The organization's own first, then those of customers by name; or the one with this public id."""
    rows = await connection.fetch(_POLICIES, organization_id, public_id)
    stored = [step for row in rows for step in row["steps"]]
    channels = await _channels(connection, [number for step in stored for number in step["channels"]])
    rotas = await _rotas(connection, [step["rota"] for step in stored if step["rota"] is not None])
    return [
        EscalationPolicy(**{**row, "steps": tuple(_step(step, channels, rotas) for step in row["steps"])})
        for row in map(dict, rows)
    ]


async def insert(connection: Connection, new: NewPolicy) -> UUID:
    """Raises OwnerTakenError."""
    try:
        made: UUID = await connection.fetchval(
            "INSERT INTO escalation_policy (organization_id, customer_id, name, severity, enabled, steps)"
            " VALUES ($1, $2, $3, $4, $5, $6) RETURNING public_id",
            new.organization_id,
            new.customer_id,
            new.name,
            new.severity,
            new.enabled,
            _stored(new.steps),
        )
    except asyncpg.UniqueViolationError as error:
        raise OwnerTakenError from error
    return made


async def update(connection: Connection, policy: EscalationPolicy) -> None:
    """Replace name, severity, steps and whether it is enabled."""
    await connection.execute(
        "UPDATE escalation_policy SET name = $2, severity = $3, enabled = $4, steps = $5,"
        " updated_at = clock_timestamp() WHERE id = $1",
        policy.id,
        policy.name,
        policy.severity,
        policy.enabled,
        _stored(policy.steps),
    )


async def delete(connection: Connection, policy_id: int) -> None:
    await connection.execute("DELETE FROM escalation_policy WHERE id = $1", policy_id)


def _stored(steps: Sequence[EscalationStep]) -> list[dict[str, Any]]:
    return [
        {
            "minutes": step.minutes,
            "channels": [one.id for one in step.channels],
            "rota": step.rota.id if step.rota else None,
        }
        for step in steps
    ]


def _step(stored: dict[str, Any], channels: dict[int, NamedChannel], rotas: dict[int, NamedRota]) -> EscalationStep:
    """The step without the channels that are gone."""
    found = tuple(channels[number] for number in stored["channels"] if number in channels)
    return EscalationStep(minutes=stored["minutes"], channels=found, rota=rotas.get(stored["rota"]))


async def _channels(connection: Connection, numbers: list[int]) -> dict[int, NamedChannel]:
    rows = await connection.fetch(
        "SELECT id, public_id, name, type FROM notification_channel WHERE id = ANY ($1::bigint[])", numbers
    )
    return {row["id"]: NamedChannel(*row) for row in rows}


async def _rotas(connection: Connection, numbers: list[int]) -> dict[int, NamedRota]:
    rows = await connection.fetch("SELECT id, public_id, name FROM rota WHERE id = ANY ($1::bigint[])", numbers)
    return {row["id"]: NamedRota(*row) for row in rows}
