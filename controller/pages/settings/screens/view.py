"""What the pages of screens show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.walls import COLUMNS
from controller.model import Customer
from controller.model.overview import DisplayState
from controller.model.walls import BY_CUSTOMER, BY_LABEL, ScreenToken, WallQuery
from controller.pages.shell.texts import counted
from controller.pages.wall.address import wall_path

DONE = {"revoked": "The screen is revoked. It shows nothing any more."}
BY_NOTHING = ""
BY_A_LABEL = "label"


class ScreenForm(msgspec.Struct, frozen=True, kw_only=True):
    """A screen as it was typed. `by` is BY_NOTHING, BY_CUSTOMER or BY_A_LABEL, which is the key `by_label`."""

    name: str = ""
    customer: str = ""
    label: str = ""
    state: list[str] = []
    by: str = BY_CUSTOMER
    by_label: str = ""
    columns: str = str(WallQuery().columns)

    @property
    def by_text(self) -> str:
        """As an address and a stored view write it."""
        return f"{BY_LABEL}{self.by_label.strip()}" if self.by == BY_A_LABEL else self.by

    @property
    def labels(self) -> list[str]:
        return [text.strip() for text in self.label.split(",") if text.strip()]


class ScreenRow(msgspec.Struct, frozen=True, kw_only=True):
    """A screen of the list. `shows` is its wall in words, `path` the same wall for people."""

    id: UUID
    name: str
    shows: str
    path: str
    made_by: str
    made_at: datetime
    used_at: datetime | None
    used_address: str


class ScreensView(msgspec.Struct, frozen=True, kw_only=True):
    """The list of screens with the form of a new one."""

    done: str
    screens: list[ScreenRow]
    more: bool
    form: Mapping[str, Any]
    problems: Mapping[str, str]
    customers: list[tuple[str, str]]
    states: list[tuple[str, str, str]]
    ways: list[tuple[str, str]]
    columns: list[tuple[str, str]]


class NewScreenView(msgspec.Struct, frozen=True, kw_only=True):
    """A screen that was just made, with its link, this once."""

    done: str = ""
    name: str
    url: str
    shows: str


class RevokingView(msgspec.Struct, frozen=True, kw_only=True):
    """A screen that is about to be revoked."""

    done: str = ""
    screen: ScreenRow


def screens_view(
    screens: Iterable[ScreenToken],
    customers: Iterable[Customer],
    form: Mapping[str, Any],
    *,
    more: bool = False,
    problems: Mapping[str, str] | None = None,
    done: str | None = None,
) -> ScreensView:
    known = sorted(customers, key=lambda one: one.name.lower())
    names = {one.public_id: one.name for one in known}
    return ScreensView(
        done=DONE.get(done or "", ""),
        screens=[screen_row(one, names) for one in screens],
        more=more,
        form=form,
        problems=problems or {},
        customers=[("", "all customers"), *((str(one.public_id), one.name) for one in known)],
        states=[(state.value, state.value, "") for state in DisplayState],
        ways=[
            (BY_CUSTOMER, "customer"),
            (BY_A_LABEL, "the value of a label"),
            (BY_NOTHING, "nothing: no such list"),
        ],
        columns=[(str(number), counted(number, "column")) for number in COLUMNS],
    )


def screen_row(screen: ScreenToken, customers: Mapping[UUID, str]) -> ScreenRow:
    return ScreenRow(
        id=screen.public_id,
        name=screen.name,
        shows=wall_words(screen.view, customers),
        path=wall_path(screen.view),
        made_by=screen.made_by or "somebody whose account is gone",
        made_at=screen.created_at,
        used_at=screen.last_used_at,
        used_address=screen.last_used_address or "",
    )


def wall_words(query: WallQuery, customers: Mapping[UUID, str]) -> str:
    """All monitors of Acme with team:post that are down or partial, by customer."""
    text = "all monitors"
    if query.customer is not None:
        text += f" of {customers.get(query.customer, 'one customer')}"
    if query.labels:
        text += f" with {' and '.join(query.labels)}"
    if query.states:
        text += f" that are {' or '.join(query.states)}"
    if query.by:
        text += f", by {query.by if query.by_label is None else query.by_label}"
    return text
