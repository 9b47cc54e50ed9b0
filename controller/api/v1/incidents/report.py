"""One incident in our own API: its timeline, the checks that show it, and who was notified."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.api.v1.incidents.answers import ENTRY, IncidentEntry, state_of
from controller.api.v1.incidents.checks import CHECK, IncidentCheck, incident_check
from controller.api.v1.incidents.deliveries import DELIVERY, NotifiedAnswer, notified_answer
from controller.api.v1.incidents.evidence import EvidenceAnswer, evidence_answer
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.operations.incidents.incidents import MOST_CHECKS, MOST_COUNTED, IncidentDetails
from controller.operations.incidents.notified import Notified
from controller.store.incidents.reading import ChangeRecord


class IncidentTurn(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A change in the timeline of an incident."""

    kind: Annotated[
        str,
        Meta(
            description="By itself: opened, escalated (partial became down), eased (down became partial), flapping"
            " (held open because it comes and goes), resolved, or"
            " lapsed (an acknowledgement ended). By a person: acknowledged, commented or resolved."
        ),
    ]
    severity: Annotated[str, Meta(description="down or partial, from then on.")]
    reason: Annotated[str, Meta(description="Why, in words for people, or the person's text.")]
    evidence: Annotated[EvidenceAnswer | None, Meta(description="The votes behind it; null when a person did it.")]
    done_by: Annotated[
        str | None,
        Meta(
            description="The person's e-mail address, the token's name, or the receiver of the message answered; null:"
            " by itself."
        ),
    ]
    acknowledged_until: Annotated[
        Timestamp | None, Meta(description="When an acknowledgement ends; null: never, or it is another change.")
    ]
    at: Annotated[Timestamp, Meta(description="When.")]


class IncidentReport(IncidentEntry, frozen=True, kw_only=True, rename="camel"):
    """An incident with its timeline. Checks are shown as long as results are kept; the rest is kept for good."""

    UNTAGGED: ClassVar[frozenset[str]] = IncidentEntry.UNTAGGED | {
        *("servers", "failed_checks", "failed_checks_total", "recovery_checks", "recovery_checks_total"),
        *("evidence_check", "notified", "group_id", "held_by"),
    }

    group_id: Annotated[UUID | None, Meta(description="The group of those with its cause; null without one.")]
    held_by: Annotated[
        UUID | None,
        Meta(description="The incident of a monitor that it depends on; nobody is notified of it while that is open."),
    ]
    servers: Annotated[
        list[str],
        Meta(description="Where its checks connect, as mail.example.com:25; without a port where it states none."),
    ]
    evidence: Annotated[EvidenceAnswer, Meta(description="The votes of all locations that confirmed the outage.")]
    timeline: Annotated[list[IncidentTurn], Meta(description="All changes, oldest first; 1,000 at most.")]
    failed_checks: Annotated[list[IncidentCheck], Meta(description=f"The first {MOST_CHECKS} failed ones, in order.")]
    failed_checks_total: Annotated[int, Meta(description=f"How many failed, counted up to {MOST_COUNTED}.")]
    recovery_checks: Annotated[
        list[IncidentCheck],
        Meta(description=f"The first {MOST_CHECKS} that passed at a location after its last failure, in order."),
    ]
    recovery_checks_total: Annotated[int, Meta(description="How many there are.")]
    evidence_check: Annotated[
        IncidentCheck | None,
        Meta(description="The failed check that confirmed the outage, with its dialogue; null when it is not kept."),
    ]
    notified: Annotated[NotifiedAnswer, Meta(description="Who was notified, or why nobody was.")]


def incident_report(details: IncidentDetails, notified: Notified) -> IncidentReport:
    found = details.incident
    return IncidentReport(
        id=found.public_id,
        monitor_id=found.monitor_public_id,
        monitor_name=found.monitor_name,
        kind=found.monitor_kind,
        customer_id=found.customer_public_id,
        state=state_of(resolved=found.resolved_at is not None, acknowledged=found.acknowledged_at is not None),
        severity="down" if found.severity == "down" else "partial",
        reason=found.reason,
        flapping=found.flapping,
        outage_started_at=timestamp(found.outage_started_at),
        started_at=timestamp(found.started_at),
        acknowledged_at=timestamp_or_none(found.acknowledged_at),
        acknowledged_by=found.acknowledged_by,
        acknowledged_until=timestamp_or_none(found.acknowledged_until),
        resolved_at=timestamp_or_none(found.resolved_at),
        last_notified_at=timestamp_or_none(found.last_notified_at),
        created_at=timestamp(found.started_at),
        updated_at=timestamp(max([found.started_at, *(one.at for one in details.changes)])),
        group_id=found.group_public_id,
        held_by=found.held_by_public_id,
        servers=details.servers,
        evidence=evidence_answer(found.evidence),
        timeline=[_turn(one) for one in details.changes],
        failed_checks=[incident_check(one) for one in details.failed],
        failed_checks_total=details.failed_total,
        recovery_checks=[incident_check(one) for one in details.recovered],
        recovery_checks_total=details.recovered_total,
        evidence_check=incident_check(details.evidence_check, whole=True) if details.evidence_check else None,
        notified=notified_answer(notified),
    )


def _turn(change: ChangeRecord) -> IncidentTurn:
    return IncidentTurn(
        kind=change.kind,
        severity=change.severity,
        reason=change.reason,
        evidence=evidence_answer(change.evidence) if change.evidence else None,
        done_by=change.done_by,
        acknowledged_until=timestamp_or_none(change.acknowledged_until),
        at=timestamp(change.at),
    )


_EVIDENCE: dict[str, Any] = {
    "dueAt": "2026-01-01T12:00:10.000Z",
    "purpose": "recheck",
    "votes": [
        {
            "location": "de-nbg",
            "country": "DE",
            "ballot": "failed",
            "checkId": CHECK["checkId"],
            "failure": CHECK["failure"],
            "told": "",
        }
    ],
}
REPORT: dict[str, Any] = {
    **ENTRY,
    "groupId": "77777777-7777-4777-8777-777777777777",
    "heldBy": None,
    "servers": ["mail.example.com:25"],
    "evidence": _EVIDENCE,
    "timeline": [
        {
            "kind": "opened",
            "severity": "down",
            "reason": ENTRY["reason"],
            "evidence": _EVIDENCE,
            "doneBy": None,
            "acknowledgedUntil": None,
            "at": ENTRY["startedAt"],
        },
        {
            "kind": "acknowledged",
            "severity": "down",
            "reason": "On my way",
            "evidence": None,
            "doneBy": ENTRY["acknowledgedBy"],
            "acknowledgedUntil": ENTRY["acknowledgedUntil"],
            "at": ENTRY["acknowledgedAt"],
        },
    ],
    "failedChecks": [CHECK],
    "failedChecksTotal": 1,
    "recoveryChecks": [],
    "recoveryChecksTotal": 0,
    "evidenceCheck": {
        **CHECK,
        "address": "192.0.2.25",
        "phases": [{"phase": "connect", "startMs": 3.2, "durationMs": 12.0}],
        "facts": {},
        "transcript": [{"atMs": 15.2, "speaker": "note", "text": "192.0.2.25: connection refused"}],
    },
    "notified": {"deliveries": [DELIVERY], "nobody": None},
}
