"""What the page of one incident shows."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from controller.help.failure_help import help_path
from controller.kinds import words_of
from controller.model import CheckRecord
from controller.operations.incidents.comments import LONGEST
from controller.operations.incidents.incident_groups import GroupPlace
from controller.operations.incidents.incidents import IncidentDetails
from controller.operations.incidents.notified import Notified
from controller.pages.incidents.deliveries import DeliveriesView, deliveries_view
from controller.pages.incidents.listing import server_of
from controller.pages.incidents.timeline import TimelineEntry, check_path, timeline
from controller.pages.incidents.waiting import StepsView
from controller.pages.words.incidents import failure_words

_LINES = 8
_CHECKS = 10
_DECIDING = 5


class IncidentForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form that was refused: which one, why, and what was typed."""

    action: str = ""
    problem: str = ""
    text: str = ""
    next: str = ""


class ExcerptLine(msgspec.Struct, frozen=True, kw_only=True):
    at_ms: float
    speaker: str
    text: str


class DecidingCheck(msgspec.Struct, frozen=True, kw_only=True):
    """A check that confirmed the outage: what it met, what that means, and the end of its dialogue."""

    country: str
    location: str
    words: str
    detail: str
    meaning: str
    remedy: str
    help: str
    lines: list[ExcerptLine]
    check: str


class CheckLine(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the tables of checks."""

    due_at: datetime
    country: str
    location: str
    purpose: str
    words: str
    detail: str
    duration_ms: float
    check: str


class IncidentPageView(msgspec.Struct, frozen=True, kw_only=True):
    """`state` and `word` are its mark; `places` are where it fails, as far as the latest votes say."""

    public_id: UUID
    monitor: UUID
    monitor_name: str
    server: str
    subject: str
    customer: str
    state: str
    word: str
    partial: bool
    flapping: bool
    reason: str
    places: list[str]
    began_at: datetime
    confirmed_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledged_until: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None
    timeline: list[TimelineEntry]
    deciding: list[DecidingCheck]
    failed: list[CheckLine]
    failed_total: int
    recovered: list[CheckLine]
    recovered_total: int
    deliveries: DeliveriesView
    form: IncidentForm
    longest: int
    now: datetime
    waits: StepsView | None = None
    place: GroupPlace | None = None

    @property
    def path(self) -> str:
        return f"/incidents/{self.public_id}"


def incident_view(
    details: IncidentDetails, notified: Notified, now: datetime, form: IncidentForm | None = None
) -> IncidentPageView:
    incident = details.incident
    by = {change.kind: change.done_by for change in reversed(details.changes)}
    reasons = [change.reason for change in details.changes if change.evidence and change.kind != "resolved"]
    return IncidentPageView(
        public_id=incident.public_id,
        monitor=incident.monitor_public_id,
        monitor_name=incident.monitor_name,
        server=server_of(incident.monitor_kind, details.servers),
        subject=words_of(incident.monitor_kind).subject,
        customer=incident.customer_name,
        state=incident.severity if incident.resolved_at is None else "up",
        word=incident.severity if incident.resolved_at is None else "resolved",
        partial=incident.severity == "partial",
        flapping=incident.flapping,
        reason=reasons[-1] if reasons else incident.reason,
        places=_places(details),
        began_at=incident.outage_started_at,
        confirmed_at=incident.started_at,
        acknowledged_at=incident.acknowledged_at,
        acknowledged_by=incident.acknowledged_by,
        acknowledged_until=incident.acknowledged_until,
        resolved_at=incident.resolved_at,
        resolved_by=by.get("resolved"),
        timeline=timeline(details),
        deciding=_deciding(details),
        failed=[_line(details, check) for check in details.failed[:_CHECKS]],
        failed_total=details.failed_total,
        recovered=[_line(details, check) for check in details.recovered[:_CHECKS]],
        recovered_total=details.recovered_total,
        deliveries=deliveries_view(notified, flapping=incident.flapping),
        form=form or IncidentForm(),
        longest=LONGEST,
        now=now,
    )


def _places(details: IncidentDetails) -> list[str]:
    """The countries that failed in the latest evaluation in which any did, or their locations where one country has
    several.
    """
    kept = [change.evidence for change in details.changes if change.evidence is not None]
    for evidence in reversed([details.incident.evidence, *kept]):
        failing = [vote for vote in evidence.votes if vote.ballot == "failed"]
        if failing:
            countries = [vote.country for vote in failing]
            alone = len({vote.country for vote in evidence.votes}) == len(evidence.votes)
            return countries if alone else [vote.location for vote in failing]
    return []


def _deciding(details: IncidentDetails) -> list[DecidingCheck]:
    """The failed checks of the evaluation that confirmed the outage, as far as their results are still kept."""
    incident = details.incident
    kept = {check.check_id: check for check in [*details.failed, details.evidence_check] if check is not None}
    found = []
    for vote in incident.evidence.votes:
        check = kept.get(vote.check_id) if vote.check_id else None
        if vote.ballot != "failed" or check is None or check.failure is None:
            continue
        explained = words_of(incident.monitor_kind).explained(check.failure)
        found.append(
            DecidingCheck(
                country=check.country_code,
                location=check.location_code,
                words=failure_words(check.failure, incident.monitor_kind),
                detail=check.failure.detail,
                meaning=explained.meaning,
                remedy=explained.remedy,
                help=help_path(check.failure.kind),
                lines=_excerpt(check),
                check=check_path(incident.monitor_public_id, check.check_id, check.due_at),
            )
        )
    return found[:_DECIDING]


def _excerpt(check: CheckRecord) -> list[ExcerptLine]:
    return [
        ExcerptLine(at_ms=line.at_ms, speaker=line.speaker.value, text=line.text) for line in check.transcript[-_LINES:]
    ]


def _line(details: IncidentDetails, check: CheckRecord) -> CheckLine:
    return CheckLine(
        due_at=check.due_at,
        country=check.country_code,
        location=check.location_code,
        purpose="recheck" if check.purpose == "recheck" else "round",
        words=failure_words(check.failure, details.incident.monitor_kind) if check.failure else "passed",
        detail=check.failure.detail if check.failure else "",
        duration_ms=check.duration_ms,
        check=check_path(details.incident.monitor_public_id, check.check_id, check.due_at),
    )


def titles(view: IncidentPageView) -> str:
    """The title of the page."""
    return f"{'Resolved' if view.resolved_at else 'Partly down' if view.partial else 'Down'}: {view.monitor_name}"
