"""Lists of our own API with some fields of their items only (`fields=id,name`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from controller.errors import InvalidError
from controller.model.values.json_rules import quoted

S = TypeVar("S", bound=msgspec.Struct)


def with_fields(page: S, fields: str | None) -> S | dict[str, Any]:
    """The page, whose `items` are structs of one class, with the named fields of each item. Raises InvalidError."""
    items: Sequence[msgspec.Struct] = page.items  # type: ignore[attr-defined] # each page has them
    if fields is None or not items:
        return page
    named = {name.strip() for name in fields.split(",")}
    known = [field.encode_name for field in msgspec.structs.fields(items[0])]
    if unknown := named.difference(known):
        raise InvalidError("fields", f"must hold names of {', '.join(known)}: {quoted(min(unknown)[:50])} is not one")
    document: dict[str, Any] = msgspec.to_builtins(page)
    document["items"] = [{name: value for name, value in item.items() if name in named} for item in document["items"]]
    return document
