"""Saved filters as our own API reads and answers them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.http.timestamps import Timestamp, timestamp
from controller.model.saved_filters import SavedFilter
from controller.model.values.ruled import ruled
from controller.operations.overview.saved_filters import LONGEST_NAME, FilterChange, check_filter_name, normalised

LONGEST_QUERY = 2000


def _check_query(text: str, *, field: str) -> None:
    """Raises InvalidError."""
    normalised(text, field=field)


FilterName = Annotated[
    str,
    Meta(
        description=f"1 to {LONGEST_NAME} printable characters, unlike those of other filters of the same owner.",
        min_length=1,
        max_length=LONGEST_NAME,
        examples=["Down in Germany"],
        extra=ruled(check_filter_name),
    ),
]
FilterQuery = Annotated[
    str,
    Meta(
        description="The query of the overview's address. It is kept without its page, and as the overview writes it.",
        min_length=1,
        max_length=LONGEST_QUERY,
        examples=["state=down&country=DE"],
        extra=ruled(_check_query),
    ),
]
SharedFilter = Annotated[
    bool,
    Meta(
        description="Default false: for you alone. True: for everybody of the organization; who is limited to customers"
        " may not share."
    ),
]


class SavedFilterBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A new saved filter."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"id", "createdAt", "updatedAt"})
    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "Down in Germany", "query": "state=down&country=DE", "shared": False}

    name: FilterName
    query: FilterQuery
    shared: SharedFilter = False


class SavedFilterPatch(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """New values (RFC 7396); what is left out stays as it is."""

    IGNORED: ClassVar[frozenset[str]] = SavedFilterBody.IGNORED
    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "Down in Germany and Austria"}

    name: FilterName | UnsetType = UNSET
    query: FilterQuery | UnsetType = UNSET
    shared: SharedFilter | UnsetType = UNSET


class SavedFilterItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A saved filter: yours, or one of the organization."""

    id: UUID
    name: FilterName
    query: FilterQuery
    shared: SharedFilter
    created_at: Timestamp
    updated_at: Timestamp


class SavedFilterPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """All of them, by name. `nextCursor` is always null."""

    items: list[SavedFilterItem]
    next_cursor: str | None


BODIES = (SavedFilterBody, SavedFilterPatch, SavedFilterItem, SavedFilterPage)

EXAMPLE: dict[str, Any] = {
    "id": "dddddddd-dddd-4ddd-8ddd-dddddddddddd",
    **SavedFilterBody.EXAMPLE,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


def filter_change(body: SavedFilterBody | SavedFilterPatch) -> FilterChange:
    return FilterChange(name=body.name, query=body.query, shared=body.shared)


def filter_item(found: SavedFilter) -> SavedFilterItem:
    return SavedFilterItem(
        id=found.public_id,
        name=found.name,
        query=found.query,
        shared=found.shared,
        created_at=timestamp(found.created_at),
        updated_at=timestamp(found.updated_at),
    )
