"""What a check found out that only checks of its kind do: its own facts and its detail, with names for people. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from controller.kinds import declares_detail, is_one_server, words_of
from controller.kinds.words import KindWords
from controller.model import CheckRecord
from controller.pages.shell.texts import counted

_OF_EVERY_KIND = re.compile(
    "(?:tls|certificate)[A-Z].*|greeting|capabilities|loginMechanisms?|loginsRefused|failedAddresses"
)
"""Facts about a server and its login, which any dialogue may find out."""

_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_")
_LONG_TEXT = 160
_LONG_LIST = 8
_DEEPEST = 5
_NOTHING = "–"


class FoundValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value with its name, which is empty in a list. `parts` are those of a nested value, else `text` is the value.
    With `folded`, which says what it is in short, it is shown only when somebody opens it.
    """

    name: str
    text: str = ""
    parts: list[FoundValue] = []
    listed: bool = False
    folded: str = ""


def findings(check: CheckRecord, kind: str) -> list[FoundValue]:
    """The kind's own facts in the order of its words, then all others of its own, then the detail.

    A kind of one server that names no facts and declares no detail says all in its dialogue: nothing is returned.
    """
    words = words_of(kind)
    if is_one_server(kind) and not words.facts and not declares_detail(kind):
        return []
    own = [key for key in words.facts if key in check.facts]
    own += [key for key in check.facts if key not in words.facts and not _OF_EVERY_KIND.fullmatch(key)]
    detail = {key: value for key, value in (check.detail or {}).items() if key != "kind"}
    repeated = {key for key in own if key in detail and detail[key] == check.facts[key]}
    facts = [_found(words.facts.get(key) or _spelled(key), check.facts[key]) for key in own if key not in repeated]
    return facts + list(_fields(detail, words, "", 0))


def _fields(values: Mapping[str, Any], words: KindWords, path: str, depth: int) -> Iterator[FoundValue]:
    for key, value in values.items():
        name = words.detail.get(f"{path}{key}") or words.facts.get(f"{path}{key}") or _spelled(key)
        yield _found(name, value, words, f"{path}{key}.", depth)


def _found(name: str, value: Any, words: KindWords | None = None, path: str = "", depth: int = 0) -> FoundValue:
    """`path` begins the names of nested fields in the kind's words. What is nested too deep to be read is JSON."""
    if value and isinstance(value, (dict, list)) and depth >= _DEEPEST:
        value = _json(value)
    if value and isinstance(value, dict):
        parts = list(_fields(value, words or KindWords(), path, depth + 1))
        return FoundValue(
            name=name, parts=parts, folded=counted(len(parts), "value") if len(parts) > _LONG_LIST else ""
        )
    if value and isinstance(value, list):
        parts = [_found("", one, words, path, depth + 1) for one in value]
        text = "" if any(part.parts for part in parts) else ", ".join(part.text for part in parts)
        if text and len(parts) <= _LONG_LIST and len(text) <= _LONG_TEXT:
            return FoundValue(name=name, text=text)
        folded = counted(len(parts), "value") if len(parts) > _LONG_LIST or text else ""
        return FoundValue(name=name, parts=parts, listed=True, folded=folded)
    text = _text(value)
    return FoundValue(name=name, text=text, folded=f"{text[:_LONG_TEXT]}…" if len(text) > _LONG_TEXT else "")


def _json(value: Any) -> str:
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError:
        return "…"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _NOTHING if value in (None, "") else "none" if value in ([], {}) else str(value)


def _spelled(key: str) -> str:
    """`pickedUp` as `Picked up`; what is written in capitals stays so."""
    words = [word.lower() if word[1:].islower() or len(word) == 1 else word for word in _WORD.split(key) if word]
    text = " ".join(words)
    return text[:1].upper() + text[1:] or key
