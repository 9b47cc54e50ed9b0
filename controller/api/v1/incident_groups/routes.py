"""`/api/v1/incident-groups/{id}`: the incidents of one cause, who has each, and the messages about them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.incidents.answers import Severity, State, state_of
from controller.decisions.access import Permission
from controller.decisions.notification.grouping import GroupKind
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import path_id
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model.values.masking import masked
from controller.operations.incidents.incident_groups import (
    GROUP_NOT_FOUND,
    MOST_INCIDENTS,
    MOST_MESSAGES,
    CauseCount,
    GroupDetails,
    GroupIncident,
    GroupMessage,
    get_group,
)

__all__ = ["BODIES", "ROUTES"]

_ADDRESSED = frozenset({"email", "sms"})


class CauseItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many incidents have a cause."""

    cause: Annotated[str, Meta(description="In words; empty for those whose monitor depends on one that is down.")]
    unacknowledged: Annotated[int, Meta(description="Open ones that nobody has.")]
    acknowledged: Annotated[int, Meta(description="Open ones that somebody has.")]
    resolved: Annotated[int, Meta(description="Those that are over.")]


class GroupIncidentItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An incident of the group."""

    id: Annotated[UUID, Meta(description="As in `/api/v1/incidents/{id}`.")]
    monitor_id: Annotated[UUID, Meta(description="The public UUID of the monitor.")]
    monitor_name: Annotated[str, Meta(description="The name of the monitor.")]
    state: State
    severity: Severity
    reason: Annotated[str, Meta(description="Why, in words for people.")]
    cause: Annotated[str, Meta(description="Its own cause, in words.")]
    outage_started_at: Annotated[Timestamp, Meta(description="When the first failing round was due.")]
    acknowledged_by: Annotated[str | None, Meta(description="The person's e-mail address, or the token's name.")]
    resolved_at: Annotated[Timestamp | None, Meta(description="Null while it is open.")]
    held_by: Annotated[
        UUID | None,
        Meta(description="The incident of a monitor that it depends on; nobody is notified of it while that is open."),
    ]


class GroupMessageItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A message about incidents of the group to one receiver."""

    changes: Annotated[list[str], Meta(description="The kinds of changes that it told, as in timelines.")]
    incidents: Annotated[int, Meta(description="How many incidents it told of.")]
    type: Annotated[str, Meta(description="The type of the channel: email, slack …")]
    channel: Annotated[str | None, Meta(description="The channel's name then; null: an own address.")]
    receiver: Annotated[str | None, Meta(description="The address or number; null for other types.")]
    state: Annotated[str, Meta(description="As of deliveries of an incident.")]
    error: Annotated[str | None, Meta(description="Why it failed or was skipped.")]
    created_at: Annotated[Timestamp, Meta(description="When it was decided.")]
    sent_at: Annotated[Timestamp | None, Meta(description="When it was accepted.")]


class IncidentGroup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Incidents that have one cause, or a storm of many. Only incidents that the caller may read are in it."""

    id: Annotated[UUID, Meta(description="That of the storm, when one took the group over.")]
    kind: Annotated[GroupKind, Meta(description="storm: many causes at once.")]
    cause: Annotated[str, Meta(description="In words: that of the first of its incidents that the caller may see.")]
    opened_at: Annotated[Timestamp, Meta(description="When its first incident was opened.")]
    closed_at: Annotated[Timestamp | None, Meta(description="Null while one of its incidents is open.")]
    total: Annotated[int, Meta(description="How many incidents it has.")]
    causes: Annotated[list[CauseItem], Meta(description="The most frequent first.")]
    incidents: Annotated[
        list[GroupIncidentItem], Meta(description=f"The first {MOST_INCIDENTS}, open ones before the others.")
    ]
    messages: Annotated[list[GroupMessageItem], Meta(description=f"The latest {MOST_MESSAGES}, newest first.")]


def group_item(found: GroupDetails) -> IncidentGroup:
    return IncidentGroup(
        id=found.group.public_id,
        kind=GroupKind(found.group.kind),
        cause=found.group.cause,
        opened_at=timestamp(found.group.opened_at),
        closed_at=timestamp_or_none(found.group.closed_at),
        total=found.total,
        causes=[_cause(one) for one in found.causes],
        incidents=[_incident(one) for one in found.incidents],
        messages=[_message(one) for one in found.messages],
    )


def _cause(one: CauseCount) -> CauseItem:
    return CauseItem(
        cause=one.cause, unacknowledged=one.unacknowledged, acknowledged=one.acknowledged, resolved=one.resolved
    )


def _incident(one: GroupIncident) -> GroupIncidentItem:
    return GroupIncidentItem(
        id=one.public_id,
        monitor_id=one.monitor_public_id,
        monitor_name=one.monitor_name,
        state=state_of(resolved=one.resolved_at is not None, acknowledged=one.acknowledged_at is not None),
        severity="down" if one.severity == "down" else "partial",
        reason=one.reason,
        cause=one.cause,
        outage_started_at=timestamp(one.outage_started_at),
        acknowledged_by=one.acknowledged_by,
        resolved_at=timestamp_or_none(one.resolved_at),
        held_by=one.held_by,
    )


def _message(one: GroupMessage) -> GroupMessageItem:
    return GroupMessageItem(
        changes=one.changes,
        incidents=one.incidents,
        type=one.type,
        channel=None if one.channel_name is None else masked(one.channel_name),
        receiver=one.receiver if one.type in _ADDRESSED else None,
        state=one.state,
        error=None if one.error is None else masked(one.error),
        created_at=timestamp(one.created_at),
        sent_at=timestamp_or_none(one.sent_at),
    )


EXAMPLE: dict[str, Any] = {
    "id": "77777777-7777-4777-8777-777777777777",
    "kind": "cause",
    "cause": "mail.example.com (192.0.2.25)",
    "openedAt": "2026-01-01T12:00:10.050Z",
    "closedAt": None,
    "total": 1,
    "causes": [
        {"cause": "mail.example.com (192.0.2.25)", "unacknowledged": 0, "acknowledged": 1, "resolved": 0},
    ],
    "incidents": [
        {
            "id": "66666666-6666-4666-8666-666666666666",
            "monitorId": "33333333-3333-4333-8333-333333333333",
            "monitorName": "MX of example.com",
            "state": "acknowledged",
            "severity": "down",
            "reason": "2 of 2 countries cannot connect: refused",
            "cause": "mail.example.com (192.0.2.25)",
            "outageStartedAt": "2026-01-01T12:00:00.000Z",
            "acknowledgedBy": "admin@example.com",
            "resolvedAt": None,
            "heldBy": None,
        },
    ],
    "messages": [
        {
            "changes": ["opened"],
            "incidents": 1,
            "type": "slack",
            "channel": "Ops Slack",
            "receiver": None,
            "state": "sent",
            "error": None,
            "createdAt": "2026-01-01T12:00:10.050Z",
            "sentAt": "2026-01-01T12:00:11.000Z",
        },
    ],
}


@get(
    "/api/v1/incident-groups/{public_id:str}",
    operation_id="getIncidentGroup",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Incidents"],
    summary="The incidents of one cause, who has each, and the messages about them",
    responses={
        200: answers(IncidentGroup, "The group", EXAMPLE),
        **problems(s400="id must be a UUID", s403="Forbidden", s404=GROUP_NOT_FOUND),
    },
)
async def read_group(
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> IncidentGroup:
    return group_item(await get_group(services.database, principal, path_id(public_id)))


ROUTES: list[ControllerRouterHandler] = [read_group]
BODIES = (IncidentGroup,)
