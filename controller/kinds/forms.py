"""How the dashboard's form of a monitor is laid out for a kind. Which values a field takes, and what holds without one,
is read from the kind's target in our own API, so that a form cannot say anything else. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from controller.kinds.typed import TargetLogin
from controller.model.values.whole_numbers import choices_of


class InputKind(StrEnum):
    """How a value is given in a form."""

    TEXT = "text"
    NUMBER = "number"
    BOX = "box"
    CHOICE = "choice"
    LOGIN = "login"


@dataclass(frozen=True)
class FormField:
    """A field of the target by its `name` there. `hint` says what it is for, and what holds when it is left empty.
    `words` are the values of an enumeration for people, in the order of the list.
    """

    name: str
    label: str
    hint: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    example: str = ""


@dataclass(frozen=True)
class FormGroup:
    """Fields that belong together. With `more` they are folded in until one of them says something unusual."""

    legend: str
    fields: tuple[FormField, ...]
    more: bool = False


@dataclass(frozen=True)
class KindForm:
    """All fields of a kind's target, each once."""

    groups: tuple[FormGroup, ...]

    @property
    def fields(self) -> Iterator[FormField]:
        return (one for group in self.groups for one in group.fields)

    def place_of(self, name: str) -> tuple[str, str] | None:
        """The legend of the group in which this field stands, and its label there; None without it."""
        places = ((group.legend, one.label) for group in self.groups for one in group.fields if one.name == name)
        return next(places, None)


@dataclass(frozen=True)
class TypedField:
    """What a target says of one of its fields. `usual` is the value that holds when nothing is given, None for none; a
    field without one is `required`. With `nullable` it may have no value.
    """

    name: str
    sent_as: str
    input: InputKind
    usual: Any
    required: bool
    nullable: bool


@lru_cache
def typed_fields(typed: type[msgspec.Struct]) -> Mapping[str, TypedField]:
    """The fields of a target, or of a monitor beside its target, by their names."""
    kind = inspect.type_info(typed)
    assert isinstance(kind, inspect.StructType)  # noqa: S101 - for mypy
    return {one.name: _typed_field(one) for one in kind.fields}


def _typed_field(one: inspect.Field) -> TypedField:
    choices = choices_of(one.type)
    usual = None if one.default in (msgspec.NODEFAULT, msgspec.UNSET) else one.default
    return TypedField(
        name=one.name,
        sent_as=one.encode_name,
        input=_input(choices),
        usual=usual,
        required=one.required,
        nullable=any(isinstance(choice, inspect.NoneType) for choice in choices),
    )


def _input(choices: Any) -> InputKind:
    for choice in choices:
        match choice:
            case inspect.StructType(cls=cls) if cls is TargetLogin:
                return InputKind.LOGIN
            case inspect.BoolType():
                return InputKind.BOX
            case inspect.IntType():
                return InputKind.NUMBER
            case inspect.EnumType():
                return InputKind.CHOICE
    return InputKind.TEXT
