"""A policy's form, read: a step for each row that says when. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from controller.decisions.on_call.escalation import MOST_STEPS
from controller.errors import InvalidError, InvalidFieldsError, noting
from controller.http.identifiers import is_uuid
from controller.operations.on_call.policies import EscalationChange, NewStep

_PLAIN = ("name", "customer", "severity", "enabled", "version")
_STEP = ("minutes", "channels", "rota")
_LONGEST_NUMBER = 9
FIELDS = frozenset(_PLAIN) | {f"{name}_{number}" for name in _STEP for number in range(1, MOST_STEPS + 1)}


def values_of_fields(fields: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """As templates read them. Raises InvalidError for a field that the form does not have."""
    for name in fields.keys() - FIELDS:
        raise InvalidError(name[:50], "is not a field of this form")
    found: dict[str, Any] = dict.fromkeys(_PLAIN, "")
    return found | {
        name: list(values) if name.startswith("channels_") else values[-1] for name, values in fields.items()
    }


def policy_of(values: Mapping[str, Any]) -> tuple[UUID | None, EscalationChange, list[int]]:
    """The customer, the policy, and the rows of its steps. Raises InvalidFieldsError, with fields of the form."""
    problems: list[InvalidError] = []
    steps: list[NewStep] = []
    rows: list[int] = []
    customer = None
    if values["customer"]:
        with noting(problems):
            customer = _uuid(values["customer"], "customer")
    for row in range(1, MOST_STEPS + 1):
        minutes, channels = values.get(f"minutes_{row}", "").strip(), values.get(f"channels_{row}", [])
        rota = values.get(f"rota_{row}", "")
        if not (minutes or channels or rota):
            continue
        rows.append(row)
        if not minutes.isascii() or not minutes.isdecimal() or len(minutes) > _LONGEST_NUMBER:
            problems.append(InvalidError(f"minutes_{row}", "must be a number of minutes"))
            continue
        with noting(problems):
            named = tuple(_uuid(one, f"channels_{row}") for one in channels)
            steps.append(NewStep(int(minutes), named, _uuid(rota, f"rota_{row}") if rota else None))
    if problems:
        raise InvalidFieldsError(problems)
    change = EscalationChange(
        name=values["name"], severity=values["severity"], enabled=values["enabled"] == "on", steps=tuple(steps)
    )
    return customer, change, rows


def in_form(error: InvalidError, rows: Sequence[int]) -> InvalidFieldsError:
    """What operations refuse, by the form's fields."""
    names = {"customerId": "customer"}
    for number, row in enumerate(rows):
        names |= {
            f"steps[{number}].afterMinutes": f"minutes_{row}",
            f"steps[{number}].channelIds": f"channels_{row}",
            f"steps[{number}].rotaId": f"rota_{row}",
        }
    return InvalidFieldsError([InvalidError(names.get(one.field, one.field), one.rule) for one in error.fields])


def _uuid(text: str, field: str) -> UUID:
    """Raises InvalidError."""
    if not is_uuid(text):
        raise InvalidError(field, "must be one of the list")
    return UUID(text)
