"""Groups of recipients: which channels hear of which monitors (docs/compatibility.md, A18).

A group belongs to the organization as a whole, so only who may manage all of its channels reads and changes groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from controller.decisions.access import Permission
from controller.decisions.breaches import Breaches
from controller.errors import InvalidError, NotFoundError
from controller.model import Principal
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.model.notification.recipients import RecipientGroup
from controller.operations.access import require
from controller.operations.audit.recording import record_about
from controller.store.platform.pool import Database
from controller.store.recipients import groups as store

LONGEST_NAME = 128
MOST_MEMBERS = 1000
GROUP_NOT_FOUND = "Recipient group not found"


class GroupChange(msgspec.Struct, frozen=True, kw_only=True):
    """A group as it shall be. `monitors` are step numbers by the numbers of monitors."""

    name: str
    monitors: Mapping[int, int]
    recipients: Sequence[int]
    is_default: bool = False
    extras: dict[str, Any] = {}


class Members(NamedTuple):
    """The numbers of monitors and of recipients."""

    monitors: list[int]
    recipients: list[int]


def change_of(group: RecipientGroup) -> GroupChange:
    """The group as it is, to be changed."""
    return GroupChange(
        name=group.name,
        monitors={one.id: one.step_number for one in group.monitors},
        recipients=[one.id for one in group.recipients],
        is_default=group.is_default,
        extras=group.extras,
    )


async def list_groups(database: Database, principal: Principal) -> list[RecipientGroup]:
    """Oldest first. Raises ForbiddenError."""
    _require(principal)
    return await store.groups_of(database, principal.organization_id)


async def get_group(database: Database, principal: Principal, number: int | UUID) -> RecipientGroup:
    """By its number or public id. Raises NotFoundError, ForbiddenError."""
    _require(principal)
    found = await store.by_id(database, principal.organization_id, number)
    if found is None:
        raise NotFoundError(GROUP_NOT_FOUND)
    return found


async def create_group(database: Database, principal: Principal, change: GroupChange) -> RecipientGroup:
    """Raises InvalidError with every mistake, ForbiddenError."""
    _require(principal)
    new = await _checked(database, principal, change)
    async with database.one_transaction() as own:
        await store.lock(own, principal.organization_id)
        number = await store.insert(own, principal.organization_id, new)
        if number is None:
            raise InvalidError("name", f"cannot be saved: there are {store.MOST} groups, and may be no more")
        made = await _stored(own, principal, number)
        await record_about(own, principal, AuditAction.RECIPIENT_GROUP_CREATED, _object(made), after=_fields(made))
    return made


async def update_group(
    database: Database, principal: Principal, number: int | UUID, decide: Callable[[RecipientGroup], GroupChange]
) -> RecipientGroup:
    """Raises InvalidError with every mistake, NotFoundError, ForbiddenError, and what `decide` raises."""
    _require(principal)
    async with database.one_transaction() as own:
        await store.lock(own, principal.organization_id)
        before = await get_group(own, principal, number)
        new = await _checked(own, principal, decide(before))
        if not await store.replace(own, principal.organization_id, before.id, new):
            raise NotFoundError(GROUP_NOT_FOUND)
        changed = await _stored(own, principal, before.id)
        await record_about(
            own,
            principal,
            AuditAction.RECIPIENT_GROUP_CHANGED,
            _object(changed),
            before=_fields(before),
            after=_fields(changed),
        )
    return changed


async def delete_group(
    database: Database,
    principal: Principal,
    number: int | UUID,
    *,
    expect: Callable[[RecipientGroup], None] = lambda _: None,
) -> None:
    """Its monitors are told to the default group, or to everybody. Raises NotFoundError, ForbiddenError, and what
    `expect` raises, which looks at the group while nobody else can change it.
    """
    _require(principal)
    async with database.one_transaction() as own:
        await store.lock(own, principal.organization_id)
        found = await get_group(own, principal, number)
        expect(found)
        if not await store.delete(own, principal.organization_id, found.id):
            raise NotFoundError(GROUP_NOT_FOUND)
        await record_about(own, principal, AuditAction.RECIPIENT_GROUP_DELETED, _object(found), before=_fields(found))


async def members_named(
    database: Database, principal: Principal, monitors: Sequence[UUID], recipients: Sequence[UUID]
) -> Members:
    """The numbers of what is named by public id, each once. Raises InvalidError for `monitors` and `recipients`."""
    _require(principal)
    mistakes, found = Breaches(), list[list[int]]()
    for field, named, read in (
        ("monitors", monitors, store.monitors_named),
        ("recipients", recipients, store.channels_named),
    ):
        numbers = await read(database, principal.organization_id, named)
        with mistakes.noted():
            if unknown := [one for one in named if one not in numbers]:
                raise InvalidError(field, f"must name those of this organization: {unknown[0]} is unknown")
        found.append([numbers[one] for one in dict.fromkeys(named) if one in numbers])
    mistakes.refuse(every=True)
    return Members(*found)


def _require(principal: Principal) -> None:
    require(principal, Permission.MANAGE_CHANNELS, principal.organization_id, None, not_found=GROUP_NOT_FOUND)


async def _checked(database: Database, principal: Principal, change: GroupChange) -> store.NewGroup:
    """Raises InvalidError with every mistake."""
    mistakes = Breaches()
    name = change.name.strip()
    with mistakes.noted():
        if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
            raise InvalidError("name", f"must be 1 to {LONGEST_NAME} printable characters")
    with mistakes.noted():
        _check_members(
            "monitors",
            list(change.monitors),
            await store.known_monitors(database, principal.organization_id, list(change.monitors)),
        )
    recipients = list(dict.fromkeys(change.recipients))
    with mistakes.noted():
        _check_members(
            "recipients", recipients, await store.known_channels(database, principal.organization_id, recipients)
        )
    mistakes.refuse(every=True)
    return store.NewGroup(
        name=name,
        is_default=change.is_default,
        extras=change.extras,
        monitors=change.monitors,
        recipients=recipients,
    )


def _check_members(field: str, numbers: Sequence[int], known: set[int]) -> None:
    if not 1 <= len(numbers) <= MOST_MEMBERS:
        raise InvalidError(field, f"must be a list of 1 to {MOST_MEMBERS}")
    if unknown := [number for number in numbers if number not in known]:
        raise InvalidError(field, f"must name those of this account: {unknown[0]} is unknown")


async def _stored(database: Database, principal: Principal, number: int) -> RecipientGroup:
    found = await store.by_id(database, principal.organization_id, number)
    if found is None:
        raise NotFoundError(GROUP_NOT_FOUND)
    return found


def _object(group: RecipientGroup) -> AuditObject:
    return AuditObject(
        kind=ObjectKind.RECIPIENT_GROUP,
        id=str(group.public_id),
        name=group.name,
        organization_id=group.organization_id,
    )


def _fields(group: RecipientGroup) -> dict[str, Any]:
    return {
        "name": group.name,
        "isDefault": group.is_default,
        "monitors": [one.name for one in group.monitors],
        "recipients": [one.name for one in group.recipients],
        **({"extras": group.extras} if group.extras else {}),
    }


async def groups_of_channels(database: Database, principal: Principal) -> list[tuple[int, list[int]]]:
    """The numbers of the organization's groups, with those of their recipients. Who sees a channel may know in which
    groups it is.
    """
    return [
        (group.id, [one.id for one in group.recipients])
        for group in await store.groups_of(database, principal.organization_id)
    ]


async def monitors_of_groups(database: Database, principal: Principal, numbers: Sequence[int]) -> dict[int, int]:
    """In how many of these groups each of their monitors is. Whether the principal may see it is not said."""
    found = await store.groups_of(database, principal.organization_id)
    return Counter(one.id for group in found if group.id in numbers for one in group.monitors)
