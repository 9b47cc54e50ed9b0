"""A change of many monitors."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.api.v1.monitors.many.filters import LONGEST_TEXT, monitor_filter
from controller.api.v1.policies.schemas import PolicyBody, policy_change
from controller.decisions.monitors.labels import (
    LONGEST_KEY,
    LONGEST_VALUE,
    MOST_LABELS,
    check_labels,
)
from controller.decisions.monitors.many import SettingsOfMany
from controller.errors import InvalidError
from controller.http.monitors.labels import LabelPatch
from controller.http.monitors.targets import KindName
from controller.model.monitor_list import MonitorFilter
from controller.model.overview import DisplayState
from controller.model.values.countries import country_list
from controller.operations.monitors.dependencies import MOST_PARENTS
from controller.operations.monitors.many import MOST_MONITORS, ChangeOfMany
from controller.operations.monitors.policies import PolicyChange

_LabelText = Annotated[str, Meta(min_length=1, max_length=LONGEST_KEY + 1 + LONGEST_VALUE)]
_Text = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]


class ManyFilterBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which monitors: those that match all that is given, as in the list. At least one must be given."""

    kind: Annotated[list[KindName], Meta(description="Of one of these kinds.", min_length=1)] | UnsetType = UNSET
    state: Annotated[list[DisplayState], Meta(description="In one of these states.", min_length=1)] | UnsetType = UNSET
    country: (
        Annotated[
            list[str],
            Meta(
                description="Checked from one of these countries: ISO 3166-1 alpha-2 codes.",
                min_length=1,
                max_length=300,
                examples=[["DE", "FR"]],
            ),
        ]
        | UnsetType
    ) = UNSET
    customer: Annotated[UUID, Meta(description="Of this customer.")] | UnsetType = UNSET
    label: (
        Annotated[
            list[_LabelText],
            Meta(
                description="With all of these labels: `key:value`, or `key` for any value.",
                min_length=1,
                max_length=MOST_LABELS,
                examples=[["team:post", "critical"]],
            ),
        ]
        | UnsetType
    ) = UNSET
    project: Annotated[_Text, Meta(description="Of this project.", examples=["shop"])] | UnsetType = UNSET
    q: (
        Annotated[_Text, Meta(description="With this in their name or host name, or in that of their customer.")]
        | UnsetType
    ) = UNSET


class ManyChangeBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is done to each of them. What is left out stays as it is. `delete` stands alone."""

    enabled: Annotated[bool, Meta(description="Whether it is checked.")] | UnsetType = UNSET
    in_maintenance: (
        Annotated[
            bool,
            Meta(description="Whether nobody is told of its incidents. One that is not enabled stays so."),
        ]
        | UnsetType
    ) = UNSET
    labels: LabelPatch | UnsetType = UNSET
    countries: (
        Annotated[
            list[str],
            Meta(
                description="ISO 3166-1 alpha-2 codes of where it is checked from. Null or empty: as its customer says,"
                " else its organization.",
                max_length=300,
                examples=[["DE", "FR"]],
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    interval: Annotated[int, Meta(description="Seconds between checks.", ge=10, le=86_400)] | UnsetType = UNSET
    notify_on_error: Annotated[bool, Meta(description="Whether anybody is told of its incidents.")] | UnsetType = UNSET
    policy: (
        Annotated[
            PolicyBody, Meta(description="Changes of its policy; null removes its own, so that the one above holds.")
        ]
        | UnsetType
        | None
    ) = UNSET
    depends_on: (
        Annotated[
            list[UUID],
            Meta(
                description=f"The ids of other monitors of the organization, at most {MOST_PARENTS}, no circle: while"
                " one of them is down, nobody is notified of these. They replace those before, except for ones that"
                " you may not see. Null: none.",
                examples=[["33333333-3333-4333-8333-333333333334"]],
                extra_json_schema={"maxItems": MOST_PARENTS},
            ),
        ]
        | UnsetType
        | None
    ) = UNSET
    delete: Annotated[Literal[True], Meta(description="Delete it.")] | UnsetType = UNSET


class ChangeManyBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A change of all monitors that match `filter`, or that have these `ids`; one of both."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "filter": {"label": ["team:post"], "state": ["up", "down"]},
        "change": {"interval": 300, "labels": {"team": "mail", "critical": None}},
        "dryRun": True,
    }

    filter: ManyFilterBody | UnsetType = UNSET
    ids: (
        Annotated[list[UUID], Meta(description="The monitors' ids.", min_length=1, max_length=MOST_MONITORS)]
        | UnsetType
    ) = UNSET
    change: ManyChangeBody
    dry_run: Annotated[bool, Meta(description="Whether only to say what would be done, and what is wrong with it.")] = (
        False
    )


def monitors_meant(body: ChangeManyBody) -> MonitorFilter | Collection[UUID]:
    """Raises InvalidError."""
    if body.ids is not UNSET and body.filter is UNSET:
        return list(dict.fromkeys(body.ids))
    if body.ids is not UNSET or body.filter is UNSET:
        raise InvalidError("filter", "or ids must be there, and not both")
    given = {name: value for name, value in msgspec.structs.asdict(body.filter).items() if value is not UNSET}
    if not given:
        raise InvalidError("filter", "must not be empty: to mean all monitors, name every kind")
    with _within("filter"):
        return monitor_filter(
            kinds=given.get("kind"),
            states=given.get("state"),
            countries=given.get("country"),
            customer=str(given["customer"]) if "customer" in given else None,
            labels=given.get("label"),
            project=given.get("project"),
            search=given.get("q"),
        )


def change_of_many(body: ManyChangeBody) -> ChangeOfMany:
    """Raises InvalidError."""
    given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
    if not given:
        raise InvalidError("change", "must not be empty")
    if "delete" in given and len(given) > 1:
        raise InvalidError("change.delete", "must not be sent together with other changes")
    if body.enabled is False and body.in_maintenance is True:
        raise InvalidError("change.inMaintenance", "must not be true for what is not enabled")
    if body.labels is not UNSET:
        check_labels({key: value or "" for key, value in body.labels.items()}, field="change.labels", most=None)
    countries = body.countries
    if isinstance(countries, list):
        countries = country_list(countries, field="change.countries")
    return ChangeOfMany(
        settings=SettingsOfMany(
            enabled=body.enabled,
            in_maintenance=body.in_maintenance,
            labels=body.labels,
            countries=countries,
            interval_seconds=body.interval,
            notify_on_error=body.notify_on_error,
        ),
        policy=_policy(body.policy),
        depends_on=[] if body.depends_on is None else body.depends_on,
        delete=body.delete is not UNSET,
    )


def _policy(body: PolicyBody | UnsetType | None) -> PolicyChange:
    if body is UNSET:
        return PolicyChange()
    with _within("change.policy"):
        return PolicyChange(reset=True) if body is None else policy_change(body)


@contextmanager
def _within(path: str) -> Iterator[None]:
    """Problems in the block get the path of their field in the body."""
    try:
        yield
    except InvalidError as error:
        raise InvalidError(f"{path}.{error.field}", error.rule) from None
