"""What is wrong with a form, by its fields, from the errors of operations. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from controller.errors import DomainError

ELSEWHERE = ""
"""Under this name stands what no field of the form is to blame for."""


def problems_of(error: DomainError, fields: Collection[str], names: Mapping[str, str] | None = None) -> dict[str, str]:
    """What to show beside each field of a form that has these `fields`. `names` translates fields of operations, such
    as `target.host`, into the form's, such as `host`. A field of a list counts as the list (`countries[3]`).
    """
    found: dict[str, str] = {}
    for one in error.fields:
        field = (names or {}).get(one.field) or one.field.partition("[")[0]
        field = (names or {}).get(field, field)
        key, text = (field, one.rule) if field in fields else (ELSEWHERE, str(one))
        found[key] = f"{found[key]}; {text}" if key in found else text
    return found or {ELSEWHERE: str(error)}


def values_of(form: Any) -> dict[str, Any]:
    """A submitted form (a msgspec struct) as templates read it, by the names of its fields."""
    return {name: getattr(form, name) for name in form.__struct_fields__}
