"""Recipient groups as AlertSite's routes read and answer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.bodies import flag_field, text_field
from controller.api.compat.alertsite.lists import Metadata
from controller.decisions.breaches import Breaches
from controller.errors import InvalidError
from controller.model.notification.recipients import RecipientGroup
from controller.operations.channels.recipient_groups import LONGEST_NAME, MOST_MEMBERS, GroupChange

_MOST_ERROR_TYPES = 100
_LARGEST_ERROR_TYPE = 999
_LARGEST_STEP = 1000


class GroupPatch(msgspec.Struct, frozen=True, kw_only=True):
    """New values of a group; what is left out stays."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "Mail team, all day"}

    name: Annotated[Any, text_field("At most 128 characters.", maxLength=LONGEST_NAME)] | UnsetType = UNSET
    monitors: Annotated[Any, Meta(description='As [{"id": 123456, "step_number": 0}], at least one.')] | UnsetType = (
        UNSET
    )
    recipients: Annotated[Any, Meta(description='As [{"id": 7}], at least one.')] | UnsetType = UNSET
    errortypes: (
        Annotated[Any, Meta(description='Statuses of failures that it hears of, as [{"id": 5}]; none: of all.')]
        | UnsetType
        | None
    ) = UNSET
    templates: Annotated[Any, Meta(description="Stored and returned.")] | UnsetType | None = UNSET
    is_default: Annotated[Any, flag_field("True: it hears of monitors that are in no group.")] | UnsetType = UNSET


class GroupBody(GroupPatch, frozen=True, kw_only=True):
    """A new group."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "monitors", "recipients")
    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "Mail team",
        "monitors": [{"id": 123456}],
        "recipients": [{"id": 7}],
        "is_default": False,
    }


class MemberMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """`step_number` 0 is the whole monitor."""

    id: int
    step_number: Annotated[int, Meta(description="Stored and returned; 0 is the whole monitor.")]


class NumberedObject(msgspec.Struct, frozen=True, kw_only=True):
    id: int


class GroupObject(msgspec.Struct, frozen=True, kw_only=True):
    """Which recipients hear of which monitors."""

    id: int
    name: str
    monitors: Annotated[list[MemberMonitor], Meta(description="The monitors of which its recipients hear.")]
    recipients: Annotated[list[NumberedObject], Meta(description="Who hears of them.")]
    errortypes: Annotated[
        list[NumberedObject], Meta(description="Statuses of failures of which its recipients hear; none: of all.")
    ]
    templates: Annotated[list[Any], Meta(description="Stored and returned.")]
    is_default: Annotated[bool, Meta(description="Whether it hears of monitors that are in no group.")]


class GroupList(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[GroupObject]


EXAMPLE: dict[str, Any] = {
    "id": 3,
    "name": "Mail team",
    "monitors": [{"id": 123456, "step_number": 0}],
    "recipients": [{"id": 7}],
    "errortypes": [],
    "templates": [],
    "is_default": False,
}


def group_object(group: RecipientGroup) -> GroupObject:
    return GroupObject(
        id=group.id,
        name=group.name,
        monitors=[MemberMonitor(id=one.id, step_number=one.step_number) for one in group.monitors],
        recipients=[NumberedObject(id=one.id) for one in group.recipients],
        errortypes=[NumberedObject(id=number) for number in group.error_types],
        templates=group.extras.get("templates", []),
        is_default=group.is_default,
    )


def group_change(body: Mapping[str, Any], before: GroupChange | None) -> GroupChange:
    """What is sent of a group, over what it was. Raises InvalidError with every mistake."""
    mistakes = Breaches()
    found: dict[str, Any] = {}
    extras = dict(before.extras if before else {})
    if before is None or "name" in body:
        with mistakes.noted():
            found["name"] = values.text(body.get("name"), "name", longest=LONGEST_NAME, least=1)
    if before is None or "monitors" in body:
        with mistakes.noted():
            found["monitors"] = {
                _id(one, "monitors"): values.number(one.get("step_number", 0), "monitors", 0, _LARGEST_STEP)
                for one in _members(body.get("monitors"), "monitors")
            }
    if before is None or "recipients" in body:
        with mistakes.noted():
            members = _members(body.get("recipients"), "recipients")
            found["recipients"] = [_id(one, "recipients") for one in members]
    if "errortypes" in body:
        with mistakes.noted():
            members = _members(body["errortypes"] or [], "errortypes", least=0, most=_MOST_ERROR_TYPES)
            extras["errortypes"] = [
                values.number(one.get("id"), "errortypes", 0, _LARGEST_ERROR_TYPE) for one in members
            ]
    if "templates" in body:
        with mistakes.noted():
            extras["templates"] = _members(body["templates"] or [], "templates", least=0, most=_MOST_ERROR_TYPES)
    if "is_default" in body:
        with mistakes.noted():
            found["is_default"] = values.flag(body["is_default"], "is_default")
    mistakes.refuse(every=True)
    found["extras"] = extras
    return msgspec.structs.replace(before, **found) if before else GroupChange(**found)


def _members(value: Any, field: str, *, least: int = 1, most: int = MOST_MEMBERS) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not least <= len(value) <= most or not all(isinstance(x, dict) for x in value):
        raise InvalidError(field, f'must be a list of {least} to {most} objects as {{"id": 5}}')
    return value


def _id(one: dict[str, Any], field: str) -> int:
    return values.number(one.get("id"), field, 1, 2**63 - 1)
