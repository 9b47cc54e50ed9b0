"""The cursors of lists that are read page by page: encrypted, and good for the same query by the same caller only."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.errors import InvalidError
from controller.vault import Vault, VaultError


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    query: str
    after: list[Any]


def cursor_behind(vault: Vault, query: str, after: list[Any]) -> str:
    """`after` are the sort keys of the last item of a page, plain JSON values; `query` is the fingerprint of the query
    and of what the caller may see (controller.decisions.history.cursor).
    """
    return vault.encrypt(_Cursor(query, after))


def position_in(vault: Vault, text: str, query: str) -> list[Any]:
    """The `after` of a cursor that a caller sends back. Raises InvalidError."""
    try:
        cursor = msgspec.convert(vault.decrypt(text), _Cursor)
    except (VaultError, msgspec.ValidationError):
        raise InvalidError("cursor", "must be the nextCursor of an answer of this route") from None
    if cursor.query != query:
        raise InvalidError("cursor", "belongs to another query: send it with the same parameters and token")
    return cursor.after
