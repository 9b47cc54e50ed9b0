"""Filters of the overview that people save under a name, for themselves or for everybody of the organization."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from controller.decisions.access import Permission, permits
from controller.decisions.breaches import Breaches
from controller.errors import ForbiddenError, InvalidError, NotFoundError
from controller.model import Principal
from controller.model.audit import AuditAction, AuditObject, ObjectKind
from controller.model.overview import OverviewFilter
from controller.model.saved_filters import SavedFilter
from controller.operations.audit.recording import Deciding, record_about
from controller.operations.overview.query import OverviewQuery, read_query
from controller.store.accounts import customers
from controller.store.overview import saved_filters as store
from controller.store.platform.pool import Database

F = TypeVar("F", SavedFilter, store.NewFilter)

FILTER_NOT_FOUND = "Saved filter not found"
LONGEST_NAME = 60
NAME_RULE = f"must be 1 to {LONGEST_NAME} printable characters"


class FilterChange(msgspec.Struct, frozen=True, kw_only=True):
    """New values; what is unset stays as it is. `query` is that of the overview's address."""

    name: str | UnsetType = UNSET
    query: str | UnsetType = UNSET
    shared: bool | UnsetType = UNSET


def may_share(principal: Principal) -> bool:
    """Whether the principal may make, change and remove filters for everybody: who makes monitors for any customer."""
    return principal.customer_ids is None and permits(principal, Permission.CREATE)


async def list_saved_filters(database: Database, principal: Principal) -> list[SavedFilter]:
    """The principal's own and the organization's, by name."""
    return await store.filters_of(database, principal.organization_id, principal.account_id, principal.customer_ids)


async def get_saved_filter(database: Database, principal: Principal, public_id: UUID) -> SavedFilter:
    """One of those that the list has. Raises NotFoundError."""
    found = await store.by_id(database, principal.organization_id, public_id)
    if found is None or not _visible(principal, found):
        raise NotFoundError(FILTER_NOT_FOUND)
    return found


async def create_saved_filter(database: Database, principal: Principal, change: FilterChange) -> SavedFilter:
    """Name and query must be set. Raises InvalidError, ForbiddenError."""
    empty = store.NewFilter(
        organization_id=principal.organization_id,
        account_id=_own(principal),
        customer_id=None,
        name="",
        query="",
    )
    customer_id = await _customer_of(database, principal, change)
    new = _changed(empty, change, principal, customer_id)
    async with database.one_transaction() as own:
        with _refusals():
            made = await store.insert(own, new)
        await record_about(own, principal, AuditAction.SAVED_FILTER_CREATED, _object(made), after=_fields(made))
    return made


async def update_saved_filter(
    database: Database,
    principal: Principal,
    public_id: UUID,
    change: FilterChange,
    *,
    expect: Callable[[SavedFilter], None] = lambda _: None,
) -> SavedFilter:
    """`expect` looks at the filter as it is, while it is locked, and raises what it will. Raises InvalidError,
    NotFoundError, ForbiddenError.
    """
    before = await _to_change(database, principal, public_id)
    customer_id = await _customer_of(database, principal, change)

    def decide(found: SavedFilter) -> SavedFilter:
        expect(found)
        return _changed(found, change, principal, customer_id)

    deciding = Deciding[SavedFilter](decide)
    async with database.one_transaction() as own:
        with _refusals():
            changed = await store.change(own, before.id, deciding)
        if changed is None:
            raise NotFoundError(FILTER_NOT_FOUND)
        await record_about(
            own,
            principal,
            AuditAction.SAVED_FILTER_CHANGED,
            _object(changed),
            before=_fields(deciding.before or before),
            after=_fields(changed),
        )
    return changed


async def delete_saved_filter(
    database: Database,
    principal: Principal,
    public_id: UUID,
    *,
    expect: Callable[[SavedFilter], None] = lambda _: None,
) -> None:
    """Raises NotFoundError, ForbiddenError, and what `expect` raises."""
    found = await _to_change(database, principal, public_id)
    expect(found)
    async with database.one_transaction() as own:
        if not await store.delete(own, found.id):
            raise NotFoundError(FILTER_NOT_FOUND)
        await record_about(own, principal, AuditAction.SAVED_FILTER_DELETED, _object(found), before=_fields(found))


def normalised(text: str, *, field: str = "query") -> tuple[str, OverviewFilter]:
    """The query of the same list, from its first page on and in the organization at hand, and what it means. Raises
    InvalidError.
    """
    try:
        read = read_query(text.removeprefix("/").removeprefix("?"))
    except InvalidError as error:
        raise InvalidError(field, f"must be that of an address of the overview, but its {error}") from error
    query = OverviewQuery(filter=read.filter).link(page=1).partition("?")[2]
    if not query:
        raise InvalidError(field, "must choose some of the monitors, or their order")
    return query, read.filter


def check_filter_name(name: str, *, field: str = "name") -> None:
    """Raises InvalidError."""
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidError(field, NAME_RULE)


async def _customer_of(database: Database, principal: Principal, change: FilterChange) -> int | None:
    """The number of the customer that the new query names, if it names one. Raises InvalidError."""
    if change.query is UNSET:
        return None
    try:
        customer = normalised(change.query)[1].customer
    except InvalidError:
        return None  # refused with the other mistakes
    if customer is None:
        return None
    found = await customers.customer_of(database, principal.organization_id, customer)
    if found is None or (principal.customer_ids is not None and found.id not in principal.customer_ids):
        raise InvalidError("query", "must name a customer that you may see")
    return found.id


async def _to_change(database: Database, principal: Principal, public_id: UUID) -> SavedFilter:
    """Raises NotFoundError, ForbiddenError."""
    found = await get_saved_filter(database, principal, public_id)
    if found.shared and not may_share(principal):
        raise ForbiddenError
    return found


def _visible(principal: Principal, found: SavedFilter) -> bool:
    own = found.shared or found.account_id == principal.account_id
    limits = principal.customer_ids
    return own and (limits is None or found.customer_id is None or found.customer_id in limits)


def _own(principal: Principal) -> int:
    """Raises ForbiddenError for a token, which is nobody."""
    if principal.account_id is None:
        raise ForbiddenError
    return principal.account_id


def _changed(found: F, change: FilterChange, principal: Principal, customer_id: int | None) -> F:
    """The filter, new or stored, with its new values. Raises InvalidError with every mistake, ForbiddenError."""
    values: dict[str, Any] = {}
    mistakes = Breaches()
    if change.name is not UNSET:
        with mistakes.noted():
            check_filter_name(change.name)
        values["name"] = change.name.strip()
    if change.query is not UNSET:
        with mistakes.noted():
            values["query"] = normalised(change.query)[0]
        values["customer_id"] = customer_id
    mistakes.refuse(every=True)
    if change.shared is not UNSET and change.shared is not (found.account_id is None):
        if not may_share(principal):
            raise ForbiddenError
        values["account_id"] = None if change.shared else _own(principal)
    return msgspec.structs.replace(found, **values)


@contextmanager
def _refusals() -> Iterator[None]:
    """Refusals of the store in words. Raises InvalidError."""
    try:
        yield
    except store.NameTakenError as error:
        raise InvalidError("name", "is that of another saved filter") from error
    except store.TooManyFiltersError as error:
        raise InvalidError(
            "name", f"cannot be saved: there are {store.MOST} saved filters, and may be no more"
        ) from error


def _object(found: SavedFilter) -> AuditObject:
    return AuditObject(
        kind=ObjectKind.SAVED_FILTER,
        id=str(found.public_id),
        name=found.name,
        organization_id=found.organization_id,
    )


def _fields(found: SavedFilter) -> dict[str, Any]:
    return {"name": found.name, "query": found.query, "shared": found.shared}
