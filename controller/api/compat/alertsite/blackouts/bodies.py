"""Blackouts as AlertSite's routes read and answer them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.alertsite.bodies import flag_field, number_field, text_field
from controller.api.compat.alertsite.lists import Metadata

LONGEST_NOTE = 255
MOST_IN_BULK = 1000

_WHEN = "A local time of the account, as 2027-03-28 01:00:00; only of a one-time blackout."
_TIME = "A local time of the account, as 22:00; only of a weekly blackout."
_DAY = "The day of the week, 1 (Sunday) to 7; only of a weekly blackout."

Date = Annotated[Any, text_field(_WHEN)]
Time = Annotated[Any, text_field(_TIME)]
DayNumber = Annotated[Any, number_field(_DAY, 1, 7)]
BlackoutType = Annotated[
    Any,
    text_field(
        "Monitor: the monitor is not checked. Alert: it is checked, and nobody is alerted. Notifier: a recipient is not"
        " alerted.",
        enum=["Monitor", "Alert", "Notifier"],
    ),
]
BlackoutNote = Annotated[Any, text_field("For people; at most 255 characters.", maxLength=LONGEST_NOTE)]


class BlackoutTimes(msgspec.Struct, frozen=True, kw_only=True):
    """When a blackout is: once (`from_date`, `thru_date`), or every week (the other four)."""

    type: BlackoutType | UnsetType = UNSET
    persistent: Annotated[Any, flag_field("True: every week.")] | UnsetType = UNSET
    from_date: Date | UnsetType | None = UNSET
    thru_date: Date | UnsetType | None = UNSET
    start_day: DayNumber | UnsetType | None = UNSET
    end_day: DayNumber | UnsetType | None = UNSET
    start_time: Time | UnsetType | None = UNSET
    end_time: Time | UnsetType | None = UNSET
    note: BlackoutNote | UnsetType | None = UNSET


class BlackoutBody(BlackoutTimes, frozen=True, kw_only=True):
    """A new blackout. `persistent` may be left out: the other fields say it."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("assoc_id", "type")
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "assoc_id": 123456,
        "type": "Alert",
        "persistent": True,
        "start_day": 6,
        "end_day": 7,
        "start_time": "22:00",
        "end_time": "02:00",
        "note": "Backups",
    }

    assoc_id: Annotated[Any, number_field("The monitor, or with Notifier the recipient.", 1, 2**63 - 1)] | UnsetType = (
        UNSET
    )


class BlackoutPatch(BlackoutBody, frozen=True, kw_only=True):
    """New values of a weekly blackout. `from_time` and `thru_time`, as in an example of the vendor's, stand for
    `start_time` and `end_time`.
    """

    REQUIRED: ClassVar[tuple[str, ...]] = ()
    EXAMPLE: ClassVar[dict[str, Any]] = {"start_time": "23:00", "note": "Backups, later"}

    from_time: Time | UnsetType = UNSET
    thru_time: Time | UnsetType = UNSET


class BulkEdit(msgspec.Struct, frozen=True, kw_only=True):
    """The same blackouts for several monitors: added to those that they have, or in place of them."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "monitors": [123456],
        "update_persistent": True,
        "update_persistent_action": "append",
        "persistent_blackouts": [
            {"type": "Monitor", "start_day": 1, "end_day": 1, "start_time": "02:00", "end_time": "04:00"}
        ],
    }

    monitors: Annotated[Any, Meta(description="The monitors, by number.")] | UnsetType = UNSET
    update_one_time: Annotated[Any, flag_field("Whether to change one-time blackouts.")] | UnsetType = UNSET
    update_one_time_action: Annotated[Any, text_field("append or update.")] | UnsetType = UNSET
    one_time_blackouts: Annotated[list[BlackoutTimes], Meta(description="Those with dates.")] | UnsetType = UNSET
    update_persistent: Annotated[Any, flag_field("Whether to change weekly blackouts.")] | UnsetType = UNSET
    update_persistent_action: Annotated[Any, text_field("append or update.")] | UnsetType = UNSET
    persistent_blackouts: (
        Annotated[list[BlackoutTimes], Meta(description="Those with days of the week.")] | UnsetType
    ) = UNSET


class BlackoutObject(msgspec.Struct, frozen=True, kw_only=True):
    """A blackout; what is not of its sort is null."""

    id: int | UnsetType = UNSET
    assoc_id: int | UnsetType = UNSET
    type: str | UnsetType = UNSET
    persistent: bool | UnsetType = UNSET
    from_date: str | UnsetType | None = UNSET
    thru_date: str | UnsetType | None = UNSET
    start_day: int | UnsetType | None = UNSET
    end_day: int | UnsetType | None = UNSET
    start_time: str | UnsetType | None = UNSET
    end_time: str | UnsetType | None = UNSET
    note: str | UnsetType = UNSET
    date_added: str | UnsetType = UNSET
    login: str | UnsetType | None = UNSET


class BlackoutList(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[BlackoutObject]


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A blackout that a bulk edit made."""

    id: str


class BulkEdited(msgspec.Struct, frozen=True, kw_only=True):
    """The blackouts that a bulk edit made."""

    results: list[Made]


def selected(shown: BlackoutObject, select: Sequence[str] | None) -> BlackoutObject:
    """Only the fields that `select` names: None selects all, an empty list none; unknown names are ignored."""
    if select is None:
        return shown
    return BlackoutObject(**{name: value for name, value in msgspec.structs.asdict(shown).items() if name in select})


EXAMPLE: dict[str, Any] = {
    "id": 17,
    "assoc_id": 123456,
    "type": "Alert",
    "persistent": True,
    "from_date": None,
    "thru_date": None,
    "start_day": 6,
    "end_day": 7,
    "start_time": "22:00",
    "end_time": "02:00",
    "note": "Backups",
    "date_added": "2027-01-01T12:00:00.000Z",
    "login": "ops@example.com",
}
