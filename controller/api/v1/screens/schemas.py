"""Screens as our own API reads and answers them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.decisions.monitors.labels import LONGEST_KEY, LONGEST_VALUE, MOST_LABELS
from controller.decisions.monitors.monitors import check_name
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model.overview import DisplayState
from controller.model.values.ruled import ruled
from controller.model.walls import BY_LABEL, ScreenToken, WallQuery

ScreenName = Annotated[
    str,
    Meta(
        description="Where the screen hangs: 1 to 255 printable characters.",
        min_length=1,
        max_length=255,
        extra=ruled(check_name),
    ),
]


class ScreenWall(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a screen shows."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "customerId": "11111111-1111-4111-8111-111111111111",
        "labels": ["team:post"],
        "states": [],
        "by": "customer",
        "columns": 1,
    }

    customer_id: (
        Annotated[UUID, Meta(description="The only customer whose monitors it shows; null: of all.")] | None
    ) = None
    labels: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=LONGEST_KEY + 1 + LONGEST_VALUE)], ...],
        Meta(
            description="Labels that monitors must have: key:value, or key alone for any value.",
            max_length=MOST_LABELS,
        ),
    ] = ()
    states: Annotated[
        tuple[DisplayState, ...], Meta(description="Only monitors in these states; empty: in any.", max_length=7)
    ] = ()
    by: Annotated[
        str,
        Meta(
            description="What monitors are counted by: customer, or label: and the key of a label; empty: nothing.",
            max_length=len(BY_LABEL) + LONGEST_KEY,
            examples=["customer", "label:team"],
        ),
    ] = ""
    columns: Annotated[int, Meta(description="Columns of the list of the worst.", ge=1, le=4)] = WallQuery().columns


class ScreenBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A screen to make."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "Operations room", "wall": ScreenWall.EXAMPLE}

    name: ScreenName
    wall: ScreenWall = ScreenWall()

    def query(self) -> WallQuery:
        return WallQuery(
            customer=self.wall.customer_id,
            labels=self.wall.labels,
            states=tuple(state for state in DisplayState if state in self.wall.states),
            by=self.wall.by,
            columns=self.wall.columns,
        )


class ScreenItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A screen without its token. The fields of its last use change by themselves and are not in the ETag."""

    UNTAGGED: ClassVar[frozenset[str]] = frozenset({"last_used_at", "last_used_address"})

    id: UUID
    name: ScreenName
    wall: ScreenWall
    made_by: Annotated[str | None, Meta(description="The e-mail address of who made it; null: that account is gone.")]
    last_used_at: Annotated[Timestamp | None, Meta(description="To the minute.")]
    last_used_address: Annotated[str | None, Meta(description="From which address the screen was opened last.")]
    created_at: Timestamp


class NewScreenItem(ScreenItem, frozen=True, kw_only=True, rename="camel"):
    """A new screen: the only answer that shows its link."""

    UNTAGGED: ClassVar[frozenset[str]] = ScreenItem.UNTAGGED | {"url"}

    url: Annotated[
        str, Meta(description="What the screen opens. Its token is the part after #, which reaches no log of a server.")
    ]


class ScreenPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Some screens. `nextCursor` is null at the end."""

    items: list[ScreenItem]
    next_cursor: str | None


BODIES = (ScreenBody, ScreenItem, NewScreenItem, ScreenPage)

EXAMPLE: dict[str, Any] = {
    "id": "78787878-7878-4878-8878-787878787878",
    "name": "Operations room",
    "wall": ScreenWall.EXAMPLE,
    "madeBy": "ines@example.com",
    "lastUsedAt": None,
    "lastUsedAddress": None,
    "createdAt": "2026-01-01T12:00:00.000Z",
}
CREATED = {
    **EXAMPLE,
    "url": "https://mail.example.com/wall/screen#screen=screen_Hq0mG0S3e8dJ5nVYtKpL2xRzW7uFbA9cDgEhIjkM0nQ",
}


def screen_fields(screen: ScreenToken) -> dict[str, Any]:
    view = screen.view
    return {
        "id": screen.public_id,
        "name": screen.name,
        "wall": ScreenWall(
            customer_id=view.customer,
            labels=view.labels,
            states=view.states,
            by=view.by,
            columns=view.columns,
        ),
        "made_by": screen.made_by,
        "last_used_at": timestamp_or_none(screen.last_used_at),
        "last_used_address": screen.last_used_address,
        "created_at": timestamp(screen.created_at),
    }


def screen_item(screen: ScreenToken) -> ScreenItem:
    return ScreenItem(**screen_fields(screen))
