"""The rule for texts of several lines, which only people read: a text is one when its type says how long it may be."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from msgspec import inspect

from controller.errors import InvalidError
from controller.model.values.field_names import camel
from controller.model.values.json_rules import rule_of
from controller.model.values.whole_numbers import choices_of


def check_texts(settings: msgspec.Struct) -> None:
    """Refuse texts that are longer than their types allow, in characters, and what PostgreSQL cannot store. Raises
    InvalidError.
    """
    for name, kind, longest in _limited(type(settings)):
        text = getattr(settings, name)
        if text is None:
            continue
        if len(text) > longest:
            raise InvalidError(camel(name), rule_of(kind))
        if "\0" in text:
            raise InvalidError(camel(name), "must not hold NUL characters")


@lru_cache
def _limited(settings: type[msgspec.Struct]) -> list[tuple[str, inspect.Type, int]]:
    kind = inspect.type_info(settings)
    assert isinstance(kind, inspect.StructType)  # noqa: S101 - for mypy
    return [
        (field.name, field.type, choice.max_length)
        for field in kind.fields
        for choice in choices_of(field.type)
        if isinstance(choice, inspect.StrType) and choice.max_length is not None
    ]
