"""What a preview of a policy answers."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.decisions.evaluation.policy import STANDARD, Policy
from controller.decisions.evaluation.state import Severity
from controller.decisions.replay.comparison import PolicyDifference
from controller.decisions.replay.replay import ReplayedIncident
from controller.http.timestamps import Timestamp, timestamp
from controller.operations.monitors.previews.found import PolicyPreview, PreviewedIncident
from shared.epoch import to_datetime


class IncidentCount(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many incidents a policy opens in this time, and how long."""

    incidents: Annotated[int, Meta(description="How many incidents it opens.")]
    seconds: Annotated[int, Meta(description="How long they are open, all together, within this time.")]


class IncidentUnderPolicy(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An incident that a policy opens."""

    opened_at: Annotated[Timestamp, Meta(description="When it opens.")]
    resolved_at: Annotated[
        Timestamp | None, Meta(description="When it ends; null: it is open at the end of this time.")
    ]
    severity: Annotated[Severity, Meta(description="The worst that it has.")]
    reason: Annotated[str, Meta(description="Why it is opened.")]


class DifferingIncidentAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An incident that is not the same under both policies."""

    monitor_id: Annotated[UUID, Meta(description="Its monitor.")]
    monitor_name: Annotated[str, Meta(description="The name of the monitor.")]
    customer_name: Annotated[str, Meta(description="The customer of the monitor.")]
    difference: Annotated[
        PolicyDifference,
        Meta(
            description="`added`: only the proposed policy opens it; `removed`: only the present one; `changed`: both"
            " do, at another moment, for another time or of another severity."
        ),
    ]
    current: Annotated[
        IncidentUnderPolicy | None, Meta(description="Under the policy that holds; null: it opens none then.")
    ]
    proposed: Annotated[
        IncidentUnderPolicy | None, Meta(description="Under the proposed policy; null: it opens none then.")
    ]


class PolicyPreviewAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a policy would have opened in the last days. Nothing was changed."""

    since: Annotated[Timestamp, Meta(description="The beginning of the time that was replayed.")]
    until: Annotated[Timestamp, Meta(description="Its end.")]
    days: Annotated[int, Meta(description="Its length: 7, or as many days as results are kept.")]
    policy: Annotated[Policy, Meta(description="The policy that would hold.")]
    monitors: Annotated[int, Meta(description="How many monitors it would hold for: those with none of their own.")]
    monitors_with_failures: Annotated[int, Meta(description="How many of these had a failed check.")]
    monitors_replayed: Annotated[
        int,
        Meta(
            description="How many of those with failures were replayed within ten seconds, the worst first. The counts"
            " are of these."
        ),
    ]
    proposed: Annotated[IncidentCount, Meta(description="Under the proposed policy.")]
    current: Annotated[IncidentCount, Meta(description="Under the policy that holds, found out in the same way.")]
    opened: Annotated[int, Meta(description="How many incidents of these monitors were really opened.")]
    differing: Annotated[int, Meta(description="How many incidents differ.")]
    incidents: Annotated[
        list[DifferingIncidentAnswer], Meta(description="The latest 100 incidents that differ, newest first.")
    ]


def preview_answer(found: PolicyPreview) -> PolicyPreviewAnswer:
    return PolicyPreviewAnswer(
        since=timestamp(found.since),
        until=timestamp(found.until),
        days=found.days,
        policy=found.policy,
        monitors=found.monitors,
        monitors_with_failures=found.failing,
        monitors_replayed=found.replayed,
        proposed=IncidentCount(incidents=found.after.incidents, seconds=found.after.seconds),
        current=IncidentCount(incidents=found.before.incidents, seconds=found.before.seconds),
        opened=found.opened,
        differing=found.differing,
        incidents=[_differing(one) for one in found.incidents],
    )


def _differing(one: PreviewedIncident) -> DifferingIncidentAnswer:
    return DifferingIncidentAnswer(
        monitor_id=one.monitor,
        monitor_name=one.name,
        customer_name=one.customer,
        difference=one.differing.difference,
        current=_incident(one.differing.before),
        proposed=_incident(one.differing.after),
    )


def _incident(one: ReplayedIncident | None) -> IncidentUnderPolicy | None:
    if one is None:
        return None
    return IncidentUnderPolicy(
        opened_at=timestamp(to_datetime(one.opened_ms)),
        resolved_at=None if one.resolved_ms is None else timestamp(to_datetime(one.resolved_ms)),
        severity=one.severity,
        reason=one.reason,
    )


EXAMPLE: dict[str, Any] = {
    "since": "2026-11-16T09:00:00.000Z",
    "until": "2026-11-23T09:00:00.000Z",
    "days": 7,
    "policy": {**msgspec.to_builtins(STANDARD), "quorum": 2, "recoveryRounds": 2},
    "monitors": 40,
    "monitorsWithFailures": 3,
    "monitorsReplayed": 3,
    "proposed": {"incidents": 2, "seconds": 1920},
    "current": {"incidents": 3, "seconds": 2010},
    "opened": 3,
    "differing": 1,
    "incidents": [
        {
            "monitorId": "0b5ad2c5-5f0c-4d2e-8a5a-5d8f4f3f0a11",
            "monitorName": "Inbound mail exchanger",
            "customerName": "Blue Harbour Hotels",
            "difference": "removed",
            "current": {
                "openedAt": "2026-11-20T03:14:10.412Z",
                "resolvedAt": "2026-11-20T03:15:40.377Z",
                "severity": "down",
                "reason": "1 of 1 country cannot connect: refused",
            },
            "proposed": None,
        }
    ],
}
