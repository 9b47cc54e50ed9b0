"""`GET /api/v1/monitors/{id}/state`: how a monitor is now, and why."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from controller.api.v1.failures import ExplainedFailure, explained
from controller.api.v1.one_monitor.location_states import LOCATION, LocationStanding, location_states
from controller.decisions.access import Permission
from controller.decisions.evaluation.quorum import Ballot
from controller.decisions.evaluation.state import VerdictKind
from controller.decisions.monitors.display import display_state
from controller.http.auth import PERMISSION, SECURITY
from controller.http.identifiers import given_uuid
from controller.http.openapi import answers, problems
from controller.http.parameters import OrganizationId, PublicId
from controller.http.services import GivenPrincipal, GivenServices
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model.incidents import MonitorIncident
from controller.model.overview import DisplayState
from controller.operations.monitors.present_state import PresentState, present_state
from shared.clock import utc_now
from shared.epoch import to_datetime
from shared.wire.failures import Failure
from shared.wire.targets import KINDS


class IncidentNow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The incident that is open."""

    id: Annotated[UUID, Meta(description="Of `/api/v1/incidents/{id}`.")]
    severity: Annotated[str, Meta(description="down, or partial: only some locations fail.")]
    outage_started_at: Annotated[Timestamp, Meta(description="When the first failing round was due.")]
    started_at: Annotated[Timestamp, Meta(description="When the outage was confirmed.")]
    acknowledged_at: Annotated[
        Timestamp | None, Meta(description="Null while nobody has it: nobody acknowledged it, or the time is over.")
    ]
    acknowledged_by: Annotated[
        str | None,
        Meta(description="The person's e-mail address, the token's name, or the receiver of the message answered."),
    ]
    acknowledged_until: Annotated[
        Timestamp | None, Meta(description="When that ends; null when it lasts until the incident is resolved.")
    ]
    flapping: Annotated[bool, Meta(description="Whether it is held open because the outage comes and goes.")]


class StateOfMonitor(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The verdict combines the votes of all locations, after rechecks."""

    monitor_id: Annotated[UUID, Meta(description="The monitor's.")]
    kind: Annotated[str, Meta(description="The monitor's.")]
    state: Annotated[
        DisplayState, Meta(description="The verdict, unless the monitor is in maintenance or disabled; then that.")
    ]
    verdict: Annotated[
        VerdictKind, Meta(description="unknown: before the first evaluation, or all locations are blind.")
    ]
    since: Annotated[Timestamp | None, Meta(description="When the verdict became this one; null before the first.")]
    reason: Annotated[str, Meta(description="Why, in words for people; empty when there is nothing to say.")]
    failure: Annotated[
        ExplainedFailure | None,
        Meta(description="What a location met whose vote confirmed the open incident; null without an incident."),
    ]
    evaluated_at: Annotated[
        Timestamp | None, Meta(description="The due moment of the evaluation that the verdict rests on.")
    ]
    incident: Annotated[IncidentNow | None, Meta(description="The open incident, if there is one.")]
    locations: Annotated[
        list[LocationStanding], Meta(description="The enabled locations that may check the monitor, by country.")
    ]


EXAMPLE: dict[str, Any] = {
    "monitorId": "33333333-3333-4333-8333-333333333333",
    "kind": KINDS[0],
    "state": "down",
    "verdict": "down",
    "since": "2026-01-01T12:00:10.000Z",
    "reason": "1 of 1 countries cannot connect: refused",
    "failure": {
        "kind": "refused",
        "source": "target",
        "phase": "connect",
        "detail": "connection refused",
        "help": "/help/refused",
    },
    "evaluatedAt": "2026-01-01T12:05:00.000Z",
    "incident": {
        "id": "66666666-6666-4666-8666-666666666666",
        "severity": "down",
        "outageStartedAt": "2026-01-01T12:00:00.000Z",
        "startedAt": "2026-01-01T12:00:10.050Z",
        "acknowledgedAt": None,
        "acknowledgedBy": None,
        "acknowledgedUntil": None,
        "flapping": False,
    },
    "locations": [LOCATION],
}


@get(
    "/api/v1/monitors/{public_id:str}/state",
    operation_id="getMonitorState",
    opt={PERMISSION: Permission.READ},
    security=SECURITY,
    tags=["Monitors"],
    summary="How a monitor is now: its verdict, since when and why, and what each location finds",
    responses={
        200: answers(StateOfMonitor, "The state now", EXAMPLE),
        **problems(s400="publicId must be a UUID", s403="Forbidden", s404="Not found"),
    },
)
async def get_monitor_state(
    public_id: PublicId,
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> StateOfMonitor:
    number = given_uuid(public_id, "publicId")
    return _answer(await present_state(services.database, principal, number, utc_now()))


def _answer(found: PresentState) -> StateOfMonitor:
    monitor, situation = found.monitor, found.situation
    state = situation.state
    verdict = state.verdict if state else VerdictKind.UNKNOWN
    return StateOfMonitor(
        monitor_id=monitor.public_id,
        kind=monitor.kind,
        state=display_state(monitor.status, verdict, in_maintenance=monitor.maintenance is not None),
        verdict=verdict,
        since=timestamp(to_datetime(state.since_ms)) if state and state.since_ms else None,
        reason=situation.unlocated or (state.reason if state else ""),
        failure=explained(_failure(found)),
        evaluated_at=timestamp(to_datetime(state.taken_ms)) if state and state.taken_ms else None,
        incident=_incident(found.incident) if found.incident else None,
        locations=location_states(found),
    )


def _failure(found: PresentState) -> Failure | None:
    evidence = found.situation.evidence
    votes = evidence.votes if evidence else ()
    return next((one.failure for one in votes if one.ballot == Ballot.FAILED and one.failure), None)


def _incident(found: MonitorIncident) -> IncidentNow:
    return IncidentNow(
        id=found.public_id,
        severity=found.severity,
        outage_started_at=timestamp(found.outage_started_at),
        started_at=timestamp(found.started_at),
        acknowledged_at=timestamp_or_none(found.acknowledged_at),
        acknowledged_by=found.acknowledged_by,
        acknowledged_until=timestamp_or_none(found.acknowledged_until),
        flapping=found.flapping,
    )


ROUTES: list[ControllerRouterHandler] = [get_monitor_state]
BODIES = (StateOfMonitor,)
