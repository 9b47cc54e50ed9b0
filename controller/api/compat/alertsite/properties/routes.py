"""`/api/v3/properties` and `/api/v3/property` (docs/compatibility.md, A22)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from litestar import delete, get, patch, post
from litestar.params import JSONBody, PathParameter
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.alertsite import values
from controller.api.compat.alertsite.bodies import StrictJsonBody, sent, text_field
from controller.api.compat.alertsite.documents import TAGS, refusals
from controller.api.compat.alertsite.lists import LARGEST_LIMIT, Limit, Metadata, Offset, listed, metadata
from controller.api.compat.alertsite.monitors.answers import Identified
from controller.api.compat.alertsite.monitors.kinds import KINDS
from controller.api.compat.alertsite.monitors.properties import id_of_label
from controller.api.compat.alertsite.monitors.queries import number_of
from controller.decisions.access import Permission, permits
from controller.decisions.breaches import Breaches
from controller.decisions.monitors.labels import is_key, is_value
from controller.decisions.monitors.many import SettingsOfMany
from controller.errors import InvalidError, NotFoundError
from controller.http.auth import PERMISSION, SECURITY
from controller.http.documents.mistakes import named
from controller.http.openapi import answers
from controller.http.parameters import OrganizationId
from controller.http.problems import RECORD_NOT_FOUND
from controller.http.services import GivenPrincipal, GivenServices
from controller.model import Principal
from controller.operations.monitors import monitors
from controller.operations.monitors.labels import LabelInUse, having, labels_in_use, removal_of, renaming_of
from controller.operations.monitors.many import ChangeOfMany, change_many
from controller.store.platform.pool import Database

PropertyNumber = Annotated[
    str, PathParameter(name="id", description="The property's number.", schema_extra={"pattern": "^[0-9]+$"})
]
_MOST_MONITORS = 1000
_NAME_RULE = "must be 1 to 50 characters, none of them a colon or a control character"
_VALUE_RULE = "must be 1 to 100 characters, none of them a control character"
_NAMES = {"key": "name", "newKey": "name"}
_TAGGED: dict[str, Any] = {"security": SECURITY, "tags": TAGS}
_NAME = Annotated[Any, text_field("At most 50 characters without a colon.")]


class PropertyBody(msgspec.Struct, frozen=True, kw_only=True):
    """A property with a value, on the monitors that shall have it."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "value", "monitors")
    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "team", "value": "mail", "monitors": [123456]}

    name: _NAME | UnsetType = UNSET
    value: Annotated[Any, text_field("At most 100 characters.")] | UnsetType = UNSET
    monitors: Annotated[Any, Meta(description="The numbers of monitors, at least one.")] | UnsetType = UNSET


class PropertyPatch(msgspec.Struct, frozen=True, kw_only=True):
    """A new name, on all monitors that have the property."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "crew"}

    name: _NAME | UnsetType = UNSET


class PropertyValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value, and how many monitors have it."""

    value: str
    monitors: int


class PropertyObject(msgspec.Struct, frozen=True, kw_only=True):
    """A property: a label of Mailprobe's with the values that monitors have."""

    id: int
    name: str
    values: list[PropertyValue]


class PropertyList(msgspec.Struct, frozen=True, kw_only=True):
    metadata: Metadata
    results: list[PropertyObject]


_EXAMPLE: dict[str, Any] = {
    "id": 281474976710657,
    "name": "team",
    "values": [{"value": "mail", "monitors": 2}],
}
_IDENTIFIED = {"id": "281474976710657"}


@get(
    "/api/v3/properties",
    opt={PERMISSION: Permission.READ},
    operation_id="alertsiteListProperties",
    summary="List custom properties",
    description="Every label that some monitor has with a value.",
    responses={
        200: answers(PropertyList, "Properties, by name", listed(_EXAMPLE)),
        **refusals(s400="invalid_request - limit must be an integer from 1 to 1000", s403="Forbidden"),
    },
    **_TAGGED,
)
async def list_properties(
    services: GivenServices,
    principal: GivenPrincipal,
    limit: Limit = None,
    offset: Offset = 0,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> PropertyList:
    found = await _all(services.database, principal)
    page = found[offset : offset + (limit or LARGEST_LIMIT)]
    writable = permits(principal, Permission.CREATE)
    return PropertyList(
        metadata=metadata(writable=writable, count=len(page), total=len(found), limit=limit, offset=offset),
        results=[_object(one) for one in page],
    )


@get(
    "/api/v3/properties/{id:str}",
    opt={PERMISSION: Permission.READ},
    operation_id="alertsiteGetProperty",
    summary="Get a custom property",
    responses={
        200: answers(PropertyObject, "The property", _EXAMPLE),
        **refusals(s403="Forbidden", s404=RECORD_NOT_FOUND),
    },
    **_TAGGED,
)
async def get_property(number: PropertyNumber, services: GivenServices, principal: GivenPrincipal) -> PropertyObject:
    return _object(await _found(services.database, principal, number))


@post(
    "/api/v3/property",
    opt={PERMISSION: Permission.CHANGE},
    status_code=200,
    dto=StrictJsonBody[PropertyBody],
    return_dto=None,
    operation_id="alertsiteCreateProperty",
    summary="Create a custom property",
    description="A property exists while some monitor has it, so the body names the monitors that get it.",
    responses={
        200: answers(Identified, "The number of the property", _IDENTIFIED),
        **refusals(
            body=True,
            s400=f"invalid_request - name {_NAME_RULE}",
            s403="Forbidden",
            s404=RECORD_NOT_FOUND,
        ),
    },
    **_TAGGED,
)
async def create_property(
    data: JSONBody[PropertyBody],
    services: GivenServices,
    principal: GivenPrincipal,
    organization_id: OrganizationId = None,  # noqa: ARG001 - read by the guard
) -> Identified:
    body, mistakes = sent(data), Breaches()
    numbers: list[int] = []
    with mistakes.noted():
        _check("name", body.get("name"), fits=is_key(_text(body.get("name"))), rule=_NAME_RULE)
    with mistakes.noted():
        value = _text(body.get("value"))
        _check("value", body.get("value"), fits=bool(value) and is_value(value), rule=_VALUE_RULE)
    with mistakes.noted():
        numbers = _numbers(body.get("monitors"))
    mistakes.refuse(every=True)
    kinds = tuple(KINDS.values())
    found = [await monitors.get_monitor(services.database, principal, kinds, number) for number in numbers]
    change = ChangeOfMany(settings=SettingsOfMany(labels={body["name"]: body["value"]}))
    await change_many(services.database, principal, [one.public_id for one in found], change, dry_run=False)
    return Identified(id=str(id_of_label(body["name"])))


@patch(
    "/api/v3/properties/{id:str}",
    opt={PERMISSION: Permission.CHANGE},
    dto=StrictJsonBody[PropertyPatch],
    return_dto=None,
    operation_id="alertsiteUpdateProperty",
    summary="Rename a custom property",
    description="The number belongs to the name, so the answer has the new one.",
    responses={
        200: answers(Identified, "The number of the renamed property", _IDENTIFIED),
        **refusals(body=True, s400=f"invalid_request - name {_NAME_RULE}", s403="Forbidden", s404=RECORD_NOT_FOUND),
    },
    **_TAGGED,
)
async def update_property(
    number: PropertyNumber, data: JSONBody[PropertyPatch], services: GivenServices, principal: GivenPrincipal
) -> Identified:
    found = await _found(services.database, principal, number)
    name = sent(data).get("name", found.key)
    _check("name", name, fits=is_key(_text(name)), rule=_NAME_RULE)
    if name != found.key:
        with named(_NAMES):
            change = renaming_of(found.key, None, name, None)
            await change_many(services.database, principal, having(found.key, None), change, dry_run=False)
    return Identified(id=str(id_of_label(name)))


@delete(
    "/api/v3/properties/{id:str}",
    opt={PERMISSION: Permission.CHANGE},
    operation_id="alertsiteDeleteProperty",
    summary="Delete a custom property",
    description="Takes it from all monitors that have it.",
    responses=refusals(s403="Forbidden", s404=RECORD_NOT_FOUND),
    **_TAGGED,
)
async def delete_property(number: PropertyNumber, services: GivenServices, principal: GivenPrincipal) -> None:
    found = await _found(services.database, principal, number)
    await change_many(services.database, principal, having(found.key, None), removal_of(found.key), dry_run=False)


async def _all(database: Database, principal: Principal) -> list[LabelInUse]:
    """A tag, which is a label without a value, is no property."""
    found = await labels_in_use(database, principal)
    return [one for one in found if any(value for value, _ in one.values)]


async def _found(database: Database, principal: Principal, number: str) -> LabelInUse:
    """Raises NotFoundError."""
    sought = number_of(number)
    for one in await _all(database, principal):
        if id_of_label(one.key) == sought:
            return one
    raise NotFoundError


def _object(one: LabelInUse) -> PropertyObject:
    return PropertyObject(
        id=id_of_label(one.key),
        name=one.key,
        values=[PropertyValue(value=value, monitors=count) for value, count in one.values if value],
    )


def _numbers(value: Any) -> list[int]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_MONITORS:
        raise InvalidError("monitors", f"must be a list of 1 to {_MOST_MONITORS} numbers")
    plain = [one.get("id") if isinstance(one, dict) else one for one in value]
    return list(dict.fromkeys(values.number(one, "monitors", 1, 2**63 - 1) for one in plain))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _check(field: str, value: Any, *, fits: bool, rule: str) -> None:
    if not isinstance(value, str) or not fits:
        raise InvalidError(field, rule)


ROUTES: tuple[ControllerRouterHandler, ...] = (
    list_properties,
    get_property,
    create_property,
    update_property,
    delete_property,
)
BODIES = (PropertyBody, PropertyPatch, PropertyObject, PropertyList)
