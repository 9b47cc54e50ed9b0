"""What people send to add a location, to rename one, and to give one new keys."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from controller.decisions.monitors.monitors import check_name
from controller.model.values.countries import country_code
from controller.model.values.ruled import ruled
from controller.operations.installation.managed_locations import check_nats_url

_WEEK = 7 * 86_400
_LONGEST_KEPT = 10_000 * 86_400
_Name = Annotated[
    str,
    Meta(
        description="The name for people. Null or left out: the country's name.",
        min_length=1,
        max_length=255,
        examples=["Frankfurt"],
        extra=ruled(check_name),
    ),
]
_NatsUrl = Annotated[
    str,
    Meta(
        description="The address of NATS for its agents, as in tls://host:4222, kept until another one is given. Null"
        " or left out: the one that was given before, else the controller's own.",
        min_length=1,
        max_length=2000,
        examples=["tls://nats.example.com:4222"],
        extra=ruled(check_nats_url),
    ),
]


class LocationBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A new location."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "code": "de-fra",
        "country": "DE",
        "name": "Frankfurt",
        "natsUrl": "tls://nats.example.com:4222",
    }

    code: Annotated[
        str,
        Meta(
            description="Lower-case letters, digits and hyphens; it never changes.",
            pattern="^[a-z0-9-]+$",
            min_length=1,
            max_length=50,
            examples=["de-fra"],
        ),
    ]
    country: Annotated[
        str,
        Meta(description="ISO 3166-1 alpha-2.", pattern="^[A-Za-z]{2}$", examples=["DE"], extra=ruled(country_code)),
    ]
    name: _Name | None = None
    nats_url: _NatsUrl | None = None


class LocationPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A location's other name."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "Frankfurt, second floor"}

    name: (
        Annotated[
            str,
            Meta(
                description="The name for people, 1 to 255 printable characters. Null: the country's name.",
                max_length=255,
                examples=["Frankfurt"],
                extra=ruled(check_name),
            ),
        ]
        | None
    )


class KeyRotation(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New keys for a location."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"keepOldKeys": 86_400, "natsUrl": None}

    keep_old_keys: Annotated[
        int,
        Meta(
            description="For how many seconds agents with an older enrolment work on; 0 cuts them off at once, for an"
            " enrolment that has leaked. Left out: a week.",
            ge=0,
            le=_LONGEST_KEPT,
        ),
    ] = _WEEK
    nats_url: _NatsUrl | None = None
