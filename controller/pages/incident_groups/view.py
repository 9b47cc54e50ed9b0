"""What the page of a group of incidents shows. Pure."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from controller.model.values.masking import masked
from controller.operations.incidents.incident_groups import (
    MOST_MESSAGES,
    MOST_TAKEN,
    CauseCount,
    GroupDetails,
    GroupIncident,
    GroupMessage,
)
from controller.pages.words.incidents import delivery_state

_MOST_CAUSES = 30
_ADDRESSED = frozenset({"email", "sms"})
_HELD = "because of a monitor that they depend on"


class CauseRow(msgspec.Struct, frozen=True, kw_only=True):
    cause: str
    open: int
    unacknowledged: int
    resolved: int


class GroupIncidentRow(msgspec.Struct, frozen=True, kw_only=True):
    """`state` and `word` are its mark."""

    incident: GroupIncident
    state: str
    word: str


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """`state` and `words` are its mark."""

    about: str
    incidents: int
    type: str
    to: str
    state: str
    words: str
    error: str
    at: datetime


class GroupView(msgspec.Struct, frozen=True, kw_only=True):
    """`more_incidents` and `more_causes` are not shown; `full` says that earlier messages are not."""

    public_id: UUID
    storm: bool
    cause: str
    opened_at: datetime
    closed_at: datetime | None
    total: int
    open: int
    unacknowledged: int
    resolved: int
    at_most: int
    causes: list[CauseRow]
    more_causes: int
    incidents: list[GroupIncidentRow]
    more_incidents: int
    messages: list[MessageRow]
    full: bool
    now: datetime

    @property
    def path(self) -> str:
        return f"/incident-groups/{self.public_id}"


def group_view(found: GroupDetails, now: datetime) -> GroupView:
    group = found.group
    return GroupView(
        public_id=group.public_id,
        storm=group.kind == "storm",
        cause=group.cause,
        opened_at=group.opened_at,
        closed_at=group.closed_at,
        total=found.total,
        open=found.unacknowledged + found.acknowledged,
        unacknowledged=found.unacknowledged,
        resolved=found.resolved,
        at_most=MOST_TAKEN,
        causes=[_cause(one) for one in found.causes[:_MOST_CAUSES]],
        more_causes=max(0, len(found.causes) - _MOST_CAUSES),
        incidents=[_incident(one) for one in found.incidents],
        more_incidents=found.total - len(found.incidents),
        messages=[_message(one) for one in found.messages],
        full=len(found.messages) == MOST_MESSAGES,
        now=now,
    )


def title_of(view: GroupView) -> str:
    return f"{'Storm' if view.storm else 'One cause'}: {view.total:,} incidents"


def _cause(one: CauseCount) -> CauseRow:
    return CauseRow(
        cause=one.cause or _HELD,
        open=one.unacknowledged + one.acknowledged,
        unacknowledged=one.unacknowledged,
        resolved=one.resolved,
    )


def _incident(one: GroupIncident) -> GroupIncidentRow:
    over = one.resolved_at is not None
    return GroupIncidentRow(
        incident=one, state="up" if over else one.severity, word="resolved" if over else one.severity
    )


def _message(one: GroupMessage) -> MessageRow:
    state, words = delivery_state(one.state)
    return MessageRow(
        about=", ".join(one.changes),
        incidents=one.incidents,
        type=one.type,
        to=one.receiver if one.type in _ADDRESSED else masked(one.channel_name or ""),
        state=state,
        words=words,
        error=masked(one.error or ""),
        at=one.sent_at or one.created_at,
    )
