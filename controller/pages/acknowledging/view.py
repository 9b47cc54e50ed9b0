"""What the page behind a message's link shows, and the same for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from controller.decisions.acknowledgement import Lasts
from controller.http.timestamps import timestamp, timestamp_or_none
from controller.kinds import words_of
from controller.operations.incidents.answered_messages import AnswerableIncident, AnswerableMessage, Taken
from controller.operations.incidents.comments import LONGEST


class AnswerableView(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident; `path` needs a login. `own` says that the receiver of the message has it."""

    path: str
    name: str
    server: str
    state: str
    reason: str
    began_at: datetime
    evidence: list[tuple[str, str]]
    owner: str | None
    own: bool
    until: datetime | None


class MessageView(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is where the form goes. `free` says that something is left to take. `problem` is why a form was refused,
    and `comment` what was typed into it.
    """

    path: str
    receiver: str
    incidents: list[AnswerableView]
    total: int
    free: bool
    problem: str
    comment: str
    longest: int
    now: datetime


def message_view(
    found: AnswerableMessage, path: str, now: datetime, *, problem: str = "", comment: str = ""
) -> MessageView:
    incidents = [_incident(one, found.receiver) for one in found.incidents]
    return MessageView(
        path=path,
        receiver=found.receiver,
        incidents=incidents,
        total=found.total,
        free=any(one.owner is None for one in incidents) or found.total > len(incidents),
        problem=problem,
        comment=comment,
        longest=LONGEST,
        now=now,
    )


def title_of(view: MessageView) -> str:
    first = view.incidents[0]
    more = f" and {view.total - 1:,} more" if view.total > 1 else ""
    return f"{'Partly down' if first.state == 'partial' else 'Down'}: {first.name}{more}"


def message_document(found: AnswerableMessage) -> dict[str, Any]:
    """The message as programs read it."""
    return {
        "incidents": [
            {
                "id": one.public_id,
                "monitor": one.monitor_name,
                "servers": one.servers,
                "severity": one.severity,
                "reason": one.reason,
                "outageStartedAt": timestamp(one.began_at),
                "evidence": [
                    {"country": here.country, "location": here.location, "found": here.finding} for here in one.evidence
                ],
                "acknowledgedBy": one.acknowledged_by,
                "acknowledgedUntil": timestamp_or_none(one.acknowledged_until),
            }
            for one in found.incidents
        ],
        "total": found.total,
        "receiver": found.receiver,
        "for": [*Lasts],
        "expiresAt": timestamp(found.expires_at),
    }


def taken_document(done: Taken) -> dict[str, Any]:
    return {
        "acknowledged": done.taken,
        "acknowledgedBy": done.by,
        "acknowledgedUntil": timestamp_or_none(done.until),
    }


def _incident(one: AnswerableIncident, receiver: str) -> AnswerableView:
    return AnswerableView(
        path=f"/incidents/{one.public_id}",
        name=one.monitor_name,
        server=f"{words_of(one.monitor_kind).subject} {' and '.join(one.servers)}".strip(),
        state=one.severity,
        reason=one.reason,
        began_at=one.began_at,
        evidence=[(f"{here.country} ({here.location})", here.finding) for here in one.evidence],
        owner=one.acknowledged_by,
        own=one.acknowledged_by == receiver,
        until=one.acknowledged_until,
    )
