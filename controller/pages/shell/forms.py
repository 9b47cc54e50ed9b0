"""Forms, read as strictly as JSON bodies: an unknown or repeated field is refused by name."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from litestar import Request

from controller.errors import InvalidError
from controller.model.values.json_rules import breach_of

T = TypeVar("T", bound=msgspec.Struct)

_TOKEN = "_csrf_token"  # noqa: S105 - the name of a field


async def form_of(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """The submitted form as this struct, whose fields are texts. A field of it that is a list takes every value of that
    name. Raises InvalidError naming the field and the rule.
    """
    lists = {field.encode_name for field in msgspec.structs.fields(kind) if _is_list(field.type)}
    values: dict[str, Any] = {}
    for name, value in (await request.form()).multi_items():
        if name == _TOKEN:
            continue
        if not isinstance(value, str):
            raise InvalidError(name, "must be a text")
        if name in lists:
            values.setdefault(name, []).append(value)
        elif name in values:
            raise InvalidError(name, "must be given once")
        else:
            values[name] = value
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    for name in values.keys() - known:
        raise InvalidError(name[:50], "is not a field of this form")
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidError(*breach_of(error, kind)) from error


async def fields_of(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    """The submitted form as texts by their names, for a form whose fields depend on what is in it. Raises InvalidError
    for a file.
    """
    values: dict[str, list[str]] = {}
    for name, value in (await request.form()).multi_items():
        if not isinstance(value, str):
            raise InvalidError(name[:50], "must be a text")
        if name != _TOKEN:
            values.setdefault(name, []).append(value)
    return values


def _is_list(kind: Any) -> bool:
    return getattr(kind, "__origin__", None) is list
