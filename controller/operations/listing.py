"""Lists of our own API, page by page: sorted as a caller names it, with a cursor for this query and caller alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from controller.decisions.history.cursor import fingerprint
from controller.errors import InvalidError
from controller.operations.cursors import cursor_behind, position_in
from controller.store.platform.walks import ListWalk
from controller.vault import Vault


class Numbered(Protocol):
    """What every listed thing has."""

    @property
    def id(self) -> int: ...


T = TypeVar("T", bound=Numbered)


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The page that a caller asks for. `sort` is the name of a field, after a minus sign for the other direction;
    without one the list has its own order. `cursor` is the `nextCursor` of the page before.
    """

    sort: str | None = None
    limit: int = 50
    cursor: str | None = None


class Listed(NamedTuple, Generic[T]):
    """A page. `next_cursor` is None at the end."""

    items: list[T]
    next_cursor: str | None


async def page_of(
    vault: Vault,
    request: PageRequest,
    orders: Sequence[str],
    query: Sequence[Any],
    read: Callable[[ListWalk], Awaitable[list[tuple[T, str]]]],
) -> Listed[T]:
    """The page of what `read` finds. `orders` are the fields to sort by, the usual one first; `query` is everything
    else that the list depends on: its filters, and what the caller may see. Raises InvalidError.
    """
    order = request.sort or orders[0]
    sort = order.removeprefix("-")
    if sort not in orders:
        raise InvalidError("sort", f"must be one of {', '.join(orders)}, or one of them after a minus sign")
    mark = fingerprint(order, *query)
    text, number = (None, None) if request.cursor is None else position_in(vault, request.cursor, mark)
    walk = ListWalk(
        sort=sort, descending=order.startswith("-"), after_text=text, after_id=number, limit=request.limit + 1
    )
    found = await read(walk)
    page = found[: request.limit]
    cursor = None
    if len(found) > len(page):
        last, sorted_by = page[-1]
        cursor = cursor_behind(vault, mark, [sorted_by, last.id])
    return Listed([item for item, _ in page], cursor)
