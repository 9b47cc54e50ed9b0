"""Escalation policies as our own API reads and answers them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.monitors.monitors import check_name
from controller.decisions.on_call.escalation import LONGEST_MINUTES, MOST_CHANNELS, MOST_STEPS
from controller.http.timestamps import Timestamp, timestamp
from controller.model.notification.on_call import EscalationPolicy, EscalationStep
from controller.model.values.ruled import ruled
from controller.operations.on_call.policies import EscalationChange, NewStep

_CHANNEL = "36363636-3636-4636-8636-363636363636"
_ROTA = "45454545-4545-4545-8545-454545454545"

PolicyName = Annotated[
    str,
    Meta(
        description="1 to 255 printable characters.",
        min_length=1,
        max_length=255,
        examples=["At night"],
        extra=ruled(check_name),
    ),
]
PolicySeverity = Annotated[
    Literal["down", "partial"],
    Meta(description="Default down: partial outages escalate nothing. partial: they do too."),
]
Enabled = Annotated[bool, Meta(description="Default true.")]
AfterMinutes = Annotated[
    int,
    Meta(
        description="How long nobody has taken the incidents: minutes since they were confirmed, or since an"
        " acknowledgement or a maintenance was over. More than those of the step before.",
        ge=0,
        le=LONGEST_MINUTES,
        examples=[10],
    ),
]


class StepBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who is told then: channels, and who is on call in a rota; at least one of both."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"afterMinutes": 10, "channelIds": [_CHANNEL], "rotaId": _ROTA}

    after_minutes: AfterMinutes
    channel_ids: Annotated[
        tuple[UUID, ...],
        Meta(
            description="Channels of the organization, or of the policy's customer; each is told at most once a step.",
            max_length=MOST_CHANNELS,
        ),
    ] = ()
    rota_id: Annotated[UUID, Meta(description="Who is on call there at that moment is told.")] | None = None


Steps = Annotated[
    tuple[StepBody, ...],
    Meta(
        description="The earliest first. Each is told once while a group waits, even if it is changed meanwhile.",
        min_length=1,
        max_length=MOST_STEPS,
    ),
]


class EscalationBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A policy to make. A customer's replaces the organization's for its monitors; each has at most one."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"id", "createdAt", "updatedAt"})
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "At night",
        "customerId": None,
        "severity": "down",
        "enabled": True,
        "steps": [{"afterMinutes": 0, "channelIds": [_CHANNEL], "rotaId": None}, StepBody.EXAMPLE],
    }

    name: PolicyName
    steps: Steps
    customer_id: Annotated[UUID, Meta(description="Null: the organization.")] | None = None
    severity: PolicySeverity = "down"
    enabled: Enabled = True


class EscalationPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New values (RFC 7396); what is left out stays as it is. `steps` replaces all steps."""

    IGNORED: ClassVar[frozenset[str]] = EscalationBody.IGNORED | {"customerId"}
    EXAMPLE: ClassVar[dict[str, Any]] = {"steps": [StepBody.EXAMPLE]}

    name: PolicyName | UnsetType = UNSET
    severity: PolicySeverity | UnsetType = UNSET
    enabled: Enabled | UnsetType = UNSET
    steps: Steps | UnsetType = UNSET


class StepItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A step. Channels that are gone are left out."""

    after_minutes: AfterMinutes
    channel_ids: tuple[UUID, ...]
    rota_id: UUID | None


class EscalationItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A policy of the organization, or of a customer."""

    id: UUID
    name: PolicyName
    customer_id: UUID | None
    severity: PolicySeverity
    enabled: Enabled
    steps: tuple[StepItem, ...]
    created_at: Timestamp
    updated_at: Timestamp


class EscalationPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All of them, the organization's first, then by customer. `nextCursor` is always null."""

    items: list[EscalationItem]
    next_cursor: str | None


BODIES = (EscalationBody, EscalationPatch, StepBody, StepItem, EscalationItem, EscalationPage)

EXAMPLE: dict[str, Any] = {
    "id": "34343434-3434-4343-8343-343434343434",
    **EscalationBody.EXAMPLE,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


def policy_change(body: EscalationBody | EscalationPatch) -> EscalationChange:
    steps = body.steps
    return EscalationChange(
        name=body.name,
        severity=body.severity,
        enabled=body.enabled,
        steps=UNSET
        if isinstance(steps, UnsetType)
        else tuple(NewStep(one.after_minutes, one.channel_ids, one.rota_id) for one in steps),
    )


def policy_item(found: EscalationPolicy) -> EscalationItem:
    return EscalationItem(
        id=found.public_id,
        name=found.name,
        customer_id=found.customer_public_id,
        severity="partial" if found.severity == "partial" else "down",
        enabled=found.enabled,
        steps=tuple(map(_step, found.steps)),
        created_at=timestamp(found.created_at),
        updated_at=timestamp(found.updated_at),
    )


def _step(step: EscalationStep) -> StepItem:
    return StepItem(
        after_minutes=step.minutes,
        channel_ids=tuple(one.public_id for one in step.channels),
        rota_id=step.rota.public_id if step.rota else None,
    )
