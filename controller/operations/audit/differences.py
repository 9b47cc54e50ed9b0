"""What an entry of the audit log shows of two states of an object: the fields that differ, without secrets. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from controller.model.values.url_origin import origin
from controller.vault import is_secret

SECRET = "(secret)"  # noqa: S105 - what stands in place of one
SECRET_SET = "(secret set)"  # noqa: S105
SECRET_CHANGED = "(secret changed)"  # noqa: S105
SECRET_REMOVED = "(secret removed)"  # noqa: S105

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://\S+")
_ORIGIN_ONLY = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#@\s]*/?")

Fields = Mapping[str, Any]


class Hidden:
    """A value that nobody may see, but what `shown` says of it. It equals one that hides the same value."""

    def __init__(self, value: object, shown: str = SECRET) -> None:
        self._value = value
        self.shown = shown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Hidden) and self._value == other._value

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Hidden({self.shown})"


def differences(before: Fields | None, after: Fields | None) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The fields of each that differ; all that are not empty when there is only one of the two. Both are empty when
    nothing differs. A secret is replaced by what happened to it.
    """
    if before is None or after is None:
        return _whole(before), _whole(after)
    names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
    return _differing(*(_hidden("", {name: state.get(name) for name in names}) for state in (before, after)))


def _whole(state: Fields | None) -> dict[str, Any] | None:
    if state is None:
        return None
    return {name: _shown(value) for name, value in _hidden("", state).items() if not _is_empty(value)}


def _differing(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for name in sorted(before.keys() | after.keys()):
        one, other = before.get(name), after.get(name)
        if one == other or (_is_empty(one) and _is_empty(other)):
            continue
        if isinstance(one, dict) and isinstance(other, dict):
            old[name], new[name] = _differing(one, other)
        else:
            old[name], new[name] = _shown(one), _new(one, other)
    return old, new


def _new(before: Any, after: Any) -> Any:
    if isinstance(before, Hidden) and _is_empty(after):
        return SECRET_REMOVED
    if isinstance(after, Hidden) and after.shown == SECRET:
        return SECRET_CHANGED if isinstance(before, Hidden) else SECRET_SET
    shown = _shown(after)
    if shown != _shown(before):
        return shown
    return f"{shown} {SECRET_CHANGED}" if isinstance(shown, str) else SECRET_CHANGED


def _shown(value: Any) -> Any:
    match value:
        case Hidden():
            return value.shown
        case dict():
            return {name: _shown(item) for name, item in value.items()}
        case list():
            return [_shown(item) for item in value]
        case _:
            return value


def _hidden(name: str, value: Any) -> Any:
    """The value with everything secret in it hidden: what has the name of a secret, and the paths of URLs, which often
    let anybody in who knows them.
    """
    if name and not _is_empty(value) and _is_secret(name):
        return Hidden(value)
    match value:
        case Mapping():
            return {inner: _hidden(inner, item) for inner, item in value.items()}
        case list() | tuple():
            return [_hidden("", item) for item in value]
        case str() if "://" in value:
            shown = _URL.sub(_origin, value)
            return value if shown == value else Hidden(value, shown)
        case _:
            return value


_is_secret = lru_cache(maxsize=1000)(is_secret)


def _origin(url: re.Match[str]) -> str:
    return url[0] if _ORIGIN_ONLY.fullmatch(url[0]) else origin(url[0])


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})
