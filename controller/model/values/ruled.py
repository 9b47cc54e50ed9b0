"""Rules that a schema cannot say, stated beside the type of a value: `Annotated[str, Meta(extra=ruled(host_of))]`.

A body with a mistake is refused before its operation sees it; these rules let the refusal name what the operation would
refuse too. The operation checks them all the same, because bodies are not its only callers.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Protocol, Union, get_args, get_origin

from msgspec import Meta

_KEY = "rule"


class Rule(Protocol):
    """Raises InvalidError with `field`, or a path that begins with it, for a value that the rule refuses."""

    def __call__(self, value: Any, /, *, field: str) -> object: ...


def ruled(rule: Rule) -> dict[str, Rule]:
    """The `extra` of a Meta that states this rule; it is not called for null."""
    return {_KEY: rule}


def rules_of(kind: Any) -> Iterator[Rule]:
    """The rules that a type states for a value of its own, or for one of its alternatives."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        for meta in inner[1:]:
            if isinstance(meta, Meta) and meta.extra and _KEY in meta.extra:
                yield meta.extra[_KEY]
        yield from rules_of(inner[0])
    elif origin in (Union, UnionType):
        for choice in inner:
            yield from rules_of(choice)
