"""An incident's timeline for people: each change with who made it, and how every location voted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import msgspec

from controller.help.failure_help import help_path
from controller.operations.incidents.incidents import IncidentDetails
from controller.pages.words.incidents import ballot_state, ballot_words, change_words, vote_detail
from shared.epoch import to_ms
from shared.wire.events import Evidence

_STATELESS = frozenset({"acknowledged", "lapsed", "commented"})
"""Changes that say nothing about the outage."""


class VoteView(msgspec.Struct, frozen=True, kw_only=True):
    """How a location voted, with the path of its check; None when there is no result. `help` explains its failure."""

    country: str
    location: str
    state: str
    words: str
    detail: str
    check: str | None
    help: str | None


class EvaluationView(msgspec.Struct, frozen=True, kw_only=True):
    """The votes of one evaluation; `tally` sums them up."""

    due_at: datetime
    purpose: str
    tally: str
    votes: list[VoteView]


class TimelineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """`by` is who made the change; None where Mailprobe did. `until` is the end of an acknowledgement. `state` is None
    for a change that says nothing about the outage.
    """

    at: datetime
    title: str
    state: str | None
    reason: str
    by: str | None
    until: datetime | None
    evaluation: EvaluationView | None


def timeline(details: IncidentDetails) -> list[TimelineEntry]:
    """The changes, oldest first."""
    incident = details.incident
    due = {check.check_id: check.due_at for check in [*details.failed, *details.recovered]}
    return [
        TimelineEntry(
            at=change.at,
            title=change_words(change.kind, change.severity),
            state=None if change.kind in _STATELESS else "up" if change.kind == "resolved" else change.severity,
            reason=change.reason,
            by=change.done_by,
            until=change.acknowledged_until,
            evaluation=evaluation_view(change.evidence, incident.monitor_public_id, incident.monitor_kind, due)
            if change.evidence
            else None,
        )
        for change in details.changes
    ]


def evaluation_view(
    evidence: Evidence, monitor: UUID, kind: str, due: Mapping[UUID, datetime] | None = None
) -> EvaluationView:
    """`due` are the due moments of known checks, because that of a second try is not in the evidence."""
    votes = [
        VoteView(
            country=vote.country,
            location=vote.location,
            state=ballot_state(vote.ballot),
            words=ballot_words(vote.ballot),
            detail=vote_detail(vote, kind),
            check=check_path(monitor, vote.check_id, (due or {}).get(vote.check_id, evidence.due_at))
            if vote.check_id
            else None,
            help=help_path(vote.failure.kind) if vote.failure else None,
        )
        for vote in evidence.votes
    ]
    failing = sum(vote.ballot == "failed" for vote in evidence.votes)
    return EvaluationView(
        due_at=evidence.due_at,
        purpose="recheck" if evidence.purpose == "recheck" else "round",
        tally=f"{failing} of {len(votes)} {'location fails' if failing == 1 else 'locations fail'}",
        votes=votes,
    )


def check_path(monitor: UUID, check: UUID, due_at: datetime) -> str:
    """The page of one check."""
    return f"/monitors/{monitor}/checks/{check}?due={to_ms(due_at)}"
