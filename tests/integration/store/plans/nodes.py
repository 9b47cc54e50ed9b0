"""The parts of a plan that PostgreSQL explains as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A node and all below it."""
    yield node
    for below in node.get("Plans", ()):
        yield from nodes(below)
