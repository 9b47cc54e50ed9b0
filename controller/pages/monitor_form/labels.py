"""Labels as people write them: a line each, `key: value`, or a key alone. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from controller.errors import InvalidError


def labels_of(text: str) -> dict[str, str]:
    """`key=value` is understood too. Raises InvalidError for a key that is there twice."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, value = _pair(line)
        if key in found:
            raise InvalidError("labels", f"must not name a key twice: {key[:50]}")
        found[key] = value
    return found


def lines_of(labels: Mapping[str, str]) -> str:
    """What is read as these labels again."""
    return "\n".join(f"{key}: {value}".strip() if value or "=" in key else key for key, value in sorted(labels.items()))


def _pair(line: str) -> tuple[str, str]:
    for sign in ":=":
        key, found, value = line.partition(sign)
        if found:
            return key.strip(), value.strip()
    return line, ""
