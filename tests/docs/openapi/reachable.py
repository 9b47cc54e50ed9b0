"""The components that a part of the OpenAPI document refers to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_SCHEMAS = "#/components/schemas/"


def reachable(document: dict[str, Any], part: Any) -> dict[str, dict[str, Any]]:
    """The schemas below `part` of the document, and those that these refer to, by name."""
    found: dict[str, dict[str, Any]] = {}
    waiting = list(_names(part))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = document["components"]["schemas"][name]
            waiting += _names(found[name])
    return found


def objects_in(node: Any) -> Iterator[dict[str, Any]]:
    """Every object below `node`, itself included."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from objects_in(each)


def _names(part: Any) -> Iterator[str]:
    for node in objects_in(part):
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith(_SCHEMAS):
            yield reference.removeprefix(_SCHEMAS)
