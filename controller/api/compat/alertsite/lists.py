"""The envelope of AlertSite's lists, and the query parameters that select a part of a list."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar.params import QueryParameter

LARGEST_LIMIT = 1000
"""How many entries a list holds at most, also when no limit was sent."""

Limit = Annotated[
    int | None, QueryParameter(ge=1, le=LARGEST_LIMIT, description="How many entries at most; 1000 when not given.")
]
Offset = Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="How many entries to skip, from the oldest.")]


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    """`acl` is 7 when the caller may change what is listed, and 4 when it may only read it."""

    acl: int


class ResultSet(msgspec.Struct, frozen=True, kw_only=True):
    """`count` is how many results this answer holds; `total`, an addition of Mailprobe, is how many match. `limit` is
    null when none was sent.
    """

    count: int
    limit: str | None
    offset: str
    total: int


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    permissions: Permissions = msgspec.field(name="__permissions")
    resultset: ResultSet


_MAY_READ, _MAY_WRITE = 4, 7


def metadata(*, writable: bool, count: int, total: int, limit: int | None = None, offset: int = 0) -> Metadata:
    return Metadata(
        permissions=Permissions(acl=_MAY_WRITE if writable else _MAY_READ),
        resultset=ResultSet(count=count, limit=None if limit is None else str(limit), offset=str(offset), total=total),
    )


def listed(result: dict[str, Any]) -> dict[str, Any]:
    """A list that holds this result and no other."""
    return {
        "metadata": {
            "__permissions": {"acl": 7},
            "resultset": {"count": 1, "limit": None, "offset": "0", "total": 1},
        },
        "results": [result],
    }
