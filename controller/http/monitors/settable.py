"""What may be set of a monitor of any kind, with the rule of each field."""

from __future__ import annotations

from typing import Annotated, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.monitors.keys import KEY_PATTERN, check_key
from controller.decisions.monitors.monitors import (
    DEFAULT_INTERVAL_SECONDS,
    DEFAULT_TIMEOUT_SECONDS,
    check_email,
    check_name,
    check_phone_number,
)
from controller.http.monitors.labels import LabelMap
from controller.http.monitors.targets import AnyTarget, KindName, check_target, with_kind_in_target
from controller.kinds.kind import LONGEST_DIALOGUE_SECONDS
from controller.model.monitor_settings import Notes
from controller.model.values.countries import country_list
from controller.model.values.ruled import ruled
from controller.operations.monitors.dependencies import MOST_PARENTS

READ_ONLY = frozenset({"id", "state", "maintenance", "lastCheckedAt", "warnings", "createdAt", "updatedAt"})
"""The fields that only answers have; what is sent of them is ignored."""

_MOST_LOCATIONS = 1000

Name = Annotated[
    str,
    Meta(
        description="What people call it.", min_length=1, max_length=255, examples=["Mail in"], extra=ruled(check_name)
    ),
]
Kind = Annotated[KindName, Meta(description="May stand here or in `target`, or in both.")]
Key = Annotated[
    str,
    Meta(
        description="Letters, digits, `.`, `_` and `-`; null: none. Set together with the other one of `project` and"
        " `externalKey`.",
        extra_json_schema={"pattern": KEY_PATTERN},
        examples=["mail-in"],
        extra=ruled(check_key),
    ),
]
_INTERVAL = (
    f"Seconds between checks. {DEFAULT_INTERVAL_SECONDS} when left out, or the least of the kind when that is more."
)
_TIMEOUT = (
    f"Seconds for a whole check, at most the interval. {DEFAULT_TIMEOUT_SECONDS} when left out, or the interval when"
    " that is less."
)
Interval = Annotated[int, Meta(description=_INTERVAL, ge=10, le=86_400, examples=[300])]
Timeout = Annotated[int, Meta(description=_TIMEOUT, ge=1, le=LONGEST_DIALOGUE_SECONDS, examples=[30])]
Countries = Annotated[
    list[str],
    Meta(
        description="ISO 3166-1 alpha-2 codes of where it is checked from. Null or empty: as its customer says, else"
        " its organization.",
        examples=[["DE", "FR"]],
        extra=ruled(country_list),
    ),
]
Locations = Annotated[
    list[str],
    Meta(
        description="The codes of the locations that may check it. Null or empty: all of its countries.",
        max_length=_MOST_LOCATIONS,
    ),
]
HomeLocation = Annotated[
    str, Meta(description="One of `locations`, which some policies ask alone. Null: the first.", max_length=50)
]
PerRound = Annotated[
    int, Meta(description="How many locations a round uses, if they rotate.", ge=1, le=_MOST_LOCATIONS)
]
Email = Annotated[
    str,
    Meta(
        description="Who is told of incidents. Null: the customer's.",
        max_length=254,
        extra_json_schema={"format": "email"},
        extra=ruled(check_email),
    ),
]
Phone = Annotated[
    str,
    Meta(
        description="E.164. Null: the customer's.",
        max_length=16,
        examples=["+4930123456"],
        extra=ruled(check_phone_number),
    ),
]
Parents = Annotated[
    list[UUID],
    Meta(
        description=f"Other monitors of the organization, at most {MOST_PARENTS}, no circle: while one of them is down,"
        " nobody is told of this one.",
        examples=[["33333333-3333-4333-8333-333333333334"]],
        extra_json_schema={"maxItems": MOST_PARENTS},
    ),
]
Target = Annotated[AnyTarget, Meta(description="What is checked.", extra=ruled(check_target))]


class SettableMonitor(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What may be set of a monitor of any kind. `id`, `state` and the moments, which only answers have, are ignored."""

    IGNORED: ClassVar[frozenset[str]] = READ_ONLY
    PREPARED = staticmethod(with_kind_in_target)

    kind: Kind | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    project: Key | None = None
    external_key: Key | None = None
    customer_id: Annotated[UUID, Meta(description="Its customer, which stays the same.")] | UnsetType = UNSET
    target: Target | UnsetType = UNSET
    enabled: Annotated[bool, Meta(description="Whether it is checked.")] = True
    in_maintenance: Annotated[
        bool, Meta(description="Whether nobody is told of its incidents, while it is checked.")
    ] = False
    interval: Interval | UnsetType = UNSET
    timeout: Timeout | UnsetType = UNSET
    countries: Countries | None = None
    locations: Locations | None = None
    home_location: HomeLocation | None = None
    rotate_locations: Annotated[bool, Meta(description="Whether rounds use its locations in turn.")] = False
    locations_per_round: PerRound = 1
    retry_on_failure: Annotated[bool, Meta(description="Whether a failed check is repeated at once.")] = False
    notify_on_error: Annotated[bool, Meta(description="Whether anybody is told of its incidents.")] = True
    notification_email: Email | None = None
    notification_phone: Phone | None = None
    notes: Notes | None = None
    labels: LabelMap = {}
    depends_on: Parents = []
