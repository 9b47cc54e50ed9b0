"""Fields of an answer that a client may send back: they say nothing, and are dropped before a body is decoded."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.http.documents.mistakes import item_type, struct_for


def without_ignored(document: Any, kind: Any) -> Any:
    """A decoded document that shall become `kind`, without the members that its structs, at any depth, name in their
    class-level `IGNORED: ClassVar[frozenset[str]]`, by their names in JSON. A struct of an answer may have such a field
    itself, with a default.
    """
    if isinstance(document, list):
        return [without_ignored(item, item_type(kind)) for item in document]
    struct = struct_for(document, kind)
    if struct is None:
        return document
    ignored: frozenset[str] = getattr(struct, "IGNORED", frozenset())
    types = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    return {name: without_ignored(value, types.get(name)) for name, value in document.items() if name not in ignored}
