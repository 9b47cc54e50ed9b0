"""All mistakes of a body at once, where msgspec reports the first, and by the names that the body has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from controller.errors import InvalidError, InvalidFieldsError
from controller.model.values.json_rules import breach_of
from controller.model.values.ruled import rules_of

_MOST_IN_ARRAY = 100


def mistakes_in(value: Any, kind: Any, path: str = "") -> list[InvalidError]:
    """What is wrong with a decoded document that shall become `kind`, with the path of each field, by its types and by
    the rules that these state (controller.model.values.ruled); of each array the first hundred mistakes.
    """
    structs = list(_structs_of(kind))
    if isinstance(value, dict) and structs and (found := list(_in_object(value, structs, path))):
        return found
    try:
        converted = msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        field, rule = breach_of(error, kind)
        in_item = field.startswith("[")
        return (in_item and _in_items(value, kind, path)) or [InvalidError(_joined(path, field) or "body", rule)]
    return [] if converted is None else [*_breaches(converted, kind, path), *_in_items(value, kind, path)]


def item_type(kind: Any) -> Any:
    """The type of the items of a list; None for other types."""
    if get_origin(kind) is Annotated:
        return item_type(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return next(filter(None, map(item_type, get_args(kind))), None)
    return get_args(kind)[0] if get_origin(kind) is list else None


def _in_items(value: Any, kind: Any, path: str) -> list[InvalidError]:
    inner = item_type(kind)
    if not isinstance(value, list) or inner is None:
        return []
    found = (each for index, item in enumerate(value) for each in mistakes_in(item, inner, f"{path}[{index}]"))
    return list(islice(found, _MOST_IN_ARRAY))


def _breaches(value: Any, kind: Any, path: str) -> Iterator[InvalidError]:
    for rule in rules_of(kind):
        try:
            rule(value, field=path)
        except InvalidError as error:
            yield from error.fields


def _in_object(value: dict[str, Any], structs: list[type[msgspec.Struct]], path: str) -> Iterator[InvalidError]:
    """What is wrong with an object that should become one of the structs, which differ in their tags."""
    tag_field = structs[0].__struct_config__.tag_field
    if tag_field is None or (len(structs) == 1 and tag_field not in value):
        yield from _in_fields(value, structs[0], path)
        return
    by_tag = {each.__struct_config__.tag: each for each in structs}
    tag = value.get(tag_field)
    if isinstance(tag, str) and tag in by_tag:
        yield from _in_fields(value, by_tag[tag], path)
    elif tag_field in value:
        yield InvalidError(_joined(path, tag_field), f"must be one of {', '.join(map(str, by_tag))}")
    else:
        yield InvalidError(_joined(path, tag_field), "is required")


def _in_fields(value: dict[str, Any], struct: type[msgspec.Struct], path: str) -> Iterator[InvalidError]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for name, field in fields.items():
        if name in value:
            yield from mistakes_in(value[name], field.type, _joined(path, name))
        elif field.required:
            yield InvalidError(_joined(path, name), "is required")
    if struct.__struct_config__.forbid_unknown_fields:
        known = fields.keys() | {struct.__struct_config__.tag_field}
        for name in value:
            if name not in known:
                yield InvalidError(_joined(path, name[:50]), "is not a known field")


def struct_for(value: Any, kind: Any) -> type[msgspec.Struct] | None:
    """The struct that the object should become; None when that cannot be said."""
    structs = list(_structs_of(kind))
    if not isinstance(value, dict) or not structs:
        return None
    tag_field = structs[0].__struct_config__.tag_field
    if tag_field is None or (len(structs) == 1 and tag_field not in value):
        return structs[0]
    return next((each for each in structs if each.__struct_config__.tag == value.get(tag_field)), None)


def _structs_of(kind: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    elif get_origin(kind) is Annotated:
        yield from _structs_of(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for choice in get_args(kind):
            yield from _structs_of(choice)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name and not name.startswith("[") else path + name


@contextmanager
def named(names: Mapping[str, str]) -> Iterator[None]:
    """Within the block each InvalidError names its field as `names` says: of `config.url` the first part that is
    known. Raises InvalidFieldsError in its place.
    """
    try:
        yield
    except InvalidError as error:
        raise InvalidFieldsError(
            [InvalidError(_named(each.field, names), each.rule) for each in error.fields]
        ) from error


def _named(field: str, names: Mapping[str, str]) -> str:
    if field in names:
        return names[field]
    first, dot, rest = field.partition(".")
    return f"{names.get(first, first)}{dot}{rest}"
