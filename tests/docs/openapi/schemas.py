"""Two JSON schemas of one thing: what a client that knows the first can no longer send, or no longer understand."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


class Direction(Enum):
    """Whether clients send the value or receive it."""

    SENT = "sent"
    RECEIVED = "received"


class Comparison:
    """Schemas of two documents, whose references lead into their own."""

    def __init__(self, before: dict[str, Any], after: dict[str, Any], direction: Direction) -> None:
        self._before = before
        self._after = after
        self._sent = direction is Direction.SENT
        self._seen = set[tuple[int, int]]()

    def broken(self, before: dict[str, Any], after: dict[str, Any], where: str) -> Iterator[str]:
        """A line for each change that breaks clients."""
        had, has = _choices(before, self._before), _choices(after, self._after)
        if "any" in (has if self._sent else had):
            return  # everything was possible before, or is now
        if self._sent:
            for key in had.keys() - has.keys():
                yield f"{where} must not be {key} any more"
        else:
            for key in has.keys() - had.keys():
                yield f"{where} may be {key} now"
        for key in sorted(had.keys() & has.keys()):
            known = (id(had[key]), id(has[key]))
            if known not in self._seen:  # a schema may hold itself
                self._seen.add(known)
                yield from self._same_type(had[key], has[key], where)

    def _same_type(self, before: dict[str, Any], after: dict[str, Any], where: str) -> Iterator[str]:
        if self._sent:
            yield from _narrowed(before, after, where)
        yield from self._fields(before, after, where)
        for part in ("items", "additionalProperties"):
            if isinstance(before.get(part), dict) and isinstance(after.get(part), dict):
                yield from self.broken(before[part], after[part], f"{where}[]")

    def _fields(self, before: dict[str, Any], after: dict[str, Any], where: str) -> Iterator[str]:
        had, has = before.get("properties", {}), after.get("properties", {})
        for name in sorted(had.keys() - has.keys()):
            if not self._sent or after.get("additionalProperties") is False:
                yield f"{where}.{name} is gone"
        needed, needs = set(before.get("required", [])), set(after.get("required", []))
        if self._sent:
            for name in sorted(needs - needed):
                yield f"{where}.{name} is required now"
        else:
            for name in sorted((needed - needs) & has.keys()):
                yield f"{where}.{name} may be left out now"
        for name in sorted(had.keys() & has.keys()):
            yield from self.broken(had[name], has[name], f"{where}.{name}")


def _choices(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The schemas of the types that a value may have, by a name that stays the same when a component is renamed."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if within := schema.get("anyOf") or schema.get("oneOf"):
        return {key: value for each in within for key, value in _choices(each, document).items()}
    kinds = schema.get("type")
    if kinds is None:
        return {_of_words(schema) if "enum" in schema or "const" in schema else "any": schema}
    if isinstance(kinds, list):
        return dict.fromkeys(kinds, schema)
    return {_tagged(schema) if kinds == "object" else kinds: schema}


def _of_words(schema: dict[str, Any]) -> str:
    words = schema.get("enum", [schema.get("const")])
    return "string" if all(isinstance(word, str) for word in words) else "null" if words == [None] else "value"


def _tagged(schema: dict[str, Any]) -> str:
    """An object of a union is known by the field that has one possible value."""
    for name, described in sorted(schema.get("properties", {}).items()):
        words = described.get("enum", [described["const"]] if "const" in described else [])
        if len(words) == 1 and name in schema.get("required", []):
            return f"object with {name} {words[0]}"
    return "object"


def _narrowed(before: dict[str, Any], after: dict[str, Any], where: str) -> Iterator[str]:
    if "enum" in after:
        allowed = set(map(str, after["enum"]))
        gone = sorted({str(word) for word in before["enum"]} - allowed) if "enum" in before else ["any other text"]
        for word in gone:
            yield f"{where} must not be {word} any more"
    for bound in _LOWER:
        if bound in after and (bound not in before or after[bound] > before[bound]):
            yield f"{where} has {bound} {after[bound]} now"
    for bound in _UPPER:
        if bound in after and (bound not in before or after[bound] < before[bound]):
            yield f"{where} has {bound} {after[bound]} now"
    if "pattern" in after and after["pattern"] != before.get("pattern"):
        yield f"{where} has pattern {after['pattern']} now"
    if after.get("additionalProperties") is False and before.get("additionalProperties") is not False:
        yield f"{where} must not have other fields any more"
