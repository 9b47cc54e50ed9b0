"""Quiet hours of a notification channel, as they are stored and as our own API reads them."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.model.maintenance import Weekday

WallTime = Annotated[
    str,
    Meta(
        description="Of a wall clock, as HH:MM.",
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        examples=["22:00", "07:00"],
    ),
]


class QuietWindow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From a time to another on these days. One that ends no later than it begins ends on the next day."""

    days: Annotated[
        list[Weekday],
        Meta(description="The days on which it begins.", min_length=1, max_length=7, examples=[["MO", "TU"]]),
    ]
    begin: WallTime = msgspec.field(name="from")
    end: WallTime = msgspec.field(name="to")


class QuietHours(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """When a channel is quiet: what becomes due is held, and told in one digest when it is over."""

    time_zone: (
        Annotated[
            str,
            Meta(
                description="Name of a time zone; null: the organization's.", max_length=64, examples=["Europe/Berlin"]
            ),
        ]
        | None
    ) = None
    windows: Annotated[
        list[QuietWindow],
        Meta(description="They may overlap, but must leave some time of a week.", min_length=1, max_length=21),
    ]
    severities: Annotated[
        list[Literal["down", "partial"]],
        Meta(description="Outages of these severities wait; others are told at once.", min_length=1, max_length=2),
    ]
    exempt: Annotated[
        list[UUID], Meta(description="Monitors whose full outages are told at once all the same.", max_length=100)
    ] = msgspec.field(name="except", default_factory=list)


def quiet_hours_in(stored: dict[str, Any] | None) -> QuietHours | None:
    """What is stored for a channel."""
    return None if stored is None else msgspec.convert(stored, QuietHours)
