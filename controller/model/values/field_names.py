"""The name of a field in JSON. Pure."""

from __future__ import annotations


def camel(name: str) -> str:
    """`timeoutSeconds` for `timeout_seconds`."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
