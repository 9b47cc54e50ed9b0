"""What the list of groups of incidents shows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from controller.operations.incidents.group_list import GroupsFound, ListedGroup

STATE_WORDS = (("open", "open"), ("resolved", "over"))


class IncidentGroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """`state` and `word` are its mark. `ended_at` is None while one of its incidents is open."""

    public_id: UUID
    state: str
    word: str
    storm: bool
    cause: str
    total: int
    open: int
    unacknowledged: int
    opened_at: datetime
    ended_at: datetime | None


class GroupListView(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the list; `following` is the path of the next one."""

    rows: list[IncidentGroupRow]
    state: str
    states: Sequence[tuple[str, str]]
    begins: bool
    following: str | None
    now: datetime


def group_list_view(found: GroupsFound, state: str, *, begins: bool, now: datetime) -> GroupListView:
    """`begins`: it is the first page."""
    query = {"state": state, "cursor": found.next_cursor or ""}
    address = urlencode({name: value for name, value in query.items() if value})
    return GroupListView(
        rows=[_row(one) for one in found.groups],
        state=state,
        states=STATE_WORDS,
        begins=begins,
        following=f"/incident-groups?{address}" if found.next_cursor else None,
        now=now,
    )


def _row(one: ListedGroup) -> IncidentGroupRow:
    still_open = one.unacknowledged + one.acknowledged
    return IncidentGroupRow(
        public_id=one.public_id,
        state="down" if still_open else "up",
        word="open" if still_open else "over",
        storm=one.kind == "storm",
        cause=one.cause,
        total=one.total,
        open=still_open,
        unacknowledged=one.unacknowledged,
        opened_at=one.opened_at,
        ended_at=None if still_open else one.closed_at,
    )
