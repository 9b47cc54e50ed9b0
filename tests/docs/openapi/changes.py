"""What a client that was made for one OpenAPI document cannot do with another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.docs.openapi.schemas import Comparison, Direction

_METHODS = ("get", "put", "post", "patch", "delete")
_DONE = ("2", "3")


def breaks(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """A line for each change that breaks clients, with the operation and the field; new operations, new optional fields
    of requests and new fields of answers do not.
    """
    return list(_broken(before, after))


def _broken(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for path, methods in before["paths"].items():
        for method in _METHODS:
            if method not in methods:
                continue
            where = f"{method.upper()} {path}"
            there = after["paths"].get(path, {}).get(method)
            if there is None:
                yield f"{where} is gone"
            else:
                yield from _Operations(before, after, where).broken(methods[method], there)


class _Operations:
    def __init__(self, before: dict[str, Any], after: dict[str, Any], where: str) -> None:
        self._before = before
        self._after = after
        self._where = where

    def broken(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        if before.get("operationId") != after.get("operationId"):
            yield f"{self._where}: the operation id {before.get('operationId')} is gone"
        yield from self._parameters(before, after)
        yield from self._bodies(before.get("requestBody"), after.get("requestBody"))
        yield from self._answers(before["responses"], after["responses"])

    def _parameters(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        had, has = ({(one["in"], one["name"]): one for one in each.get("parameters", [])} for each in (before, after))
        for key, parameter in had.items():
            if key not in has:
                yield f"{self._where}: the parameter {key[1]} is gone"
                continue
            if has[key].get("required") and not parameter.get("required"):
                yield f"{self._where}: the parameter {key[1]} is required now"
            yield from self._schemas(Direction.SENT, key[1], parameter.get("schema", {}), has[key].get("schema", {}))
        for key in has.keys() - had.keys():
            if has[key].get("required"):
                yield f"{self._where}: the new parameter {key[1]} is required"

    def _bodies(self, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Iterator[str]:
        if after is None:
            return
        if before is None:
            if after.get("required"):
                yield f"{self._where}: a body is required now"
            return
        for form, described in before["content"].items():
            if form not in after["content"]:
                yield f"{self._where}: a body in {form} is refused now"
            else:
                there = after["content"][form]
                yield from self._schemas(Direction.SENT, "body", described["schema"], there["schema"])

    def _answers(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        for status, response in before.items():
            if not status.startswith(_DONE):
                continue
            if status not in after:
                yield f"{self._where}: the answer {status} is gone"
                continue
            for name in response.get("headers", {}).keys() - after[status].get("headers", {}).keys():
                yield f"{self._where}: the header {name} of the answer {status} is gone"
            for form, described in response.get("content", {}).items():
                there = after[status].get("content", {}).get(form)
                if there is None:
                    yield f"{self._where}: the answer {status} in {form} is gone"
                else:
                    yield from self._schemas(Direction.RECEIVED, "answer", described["schema"], there["schema"])

    def _schemas(self, direction: Direction, name: str, before: Any, after: Any) -> Iterator[str]:
        compared = Comparison(self._before, self._after, direction)
        for line in compared.broken(before, after, name):
            yield f"{self._where}: {line}"
