"""The form of a policy: what it shows, and the change that it stands for. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.decisions.evaluation.policies import preset_of
from controller.decisions.evaluation.policy import MOST, MOST_RECHECKS, PRESETS, Policy
from controller.errors import InvalidError, InvalidFieldsError, noting
from controller.model.values.json_rules import breach_of
from controller.operations.monitors.policies import PolicyChange
from controller.operations.monitors.policy_levels import LevelsOfOwner
from controller.pages.shell.versions import version_of

ABOVE = "above"
OWN = "own"
NUMBER = "number"
_FORMS_OF_MODES = {mode: mode.name.lower() for mode in PRESETS}
MODES = {name: mode for mode, name in _FORMS_OF_MODES.items()}
"""The presets by their values in the form."""


class PolicyForm(msgspec.Struct, kw_only=True):
    """As submitted: texts. `base` is ABOVE, a preset, or OWN, for which alone the other fields count."""

    base: str = ABOVE
    quorum: str = "majority"
    quorum_count: str = ""
    voters: str = "all"
    order: str = "parallel"
    rechecks: str = ""
    consecutive_rounds: str = "1"
    recovery_rounds: str = "1"
    regional_after_seconds: str = "60"
    version: str = ""


FIELDS = frozenset(PolicyForm.__struct_fields__) - {"version"}


OPTIONS: dict[str, dict[str, str]] = {
    "quorum": {
        "majority": "more than half (default)",
        "any": "any one of them",
        "all": "all of them",
        NUMBER: "at least the number below",
    },
    "rechecks": {
        "": "1; 2 by a single location (default)",
        "0": "none: it opens at once",
        **{text: text for text in map(str, range(1, MOST_RECHECKS + 1))},
    },
    "voters": {
        "all": "those of all locations (default)",
        "home": "the home location's; the others recheck it",
    },
    "order": {
        "parallel": "all locations at once (default)",
        "sequential": "one location, in turn",
    },
}
"""What the values of a field are called."""


def form_of_policy(levels: LevelsOfOwner) -> PolicyForm:
    """The form as it is opened: with the values that hold."""
    policy = levels.held.policy
    preset = preset_of(policy)
    number = policy.quorum if isinstance(policy.quorum, int) else None
    base = ABOVE if not levels.own else OWN if preset is None else _FORMS_OF_MODES[preset]
    return PolicyForm(
        base=base,
        quorum=NUMBER if number is not None else str(policy.quorum),
        quorum_count="" if number is None else str(number),
        voters=policy.voters,
        order=policy.order,
        rechecks="" if policy.rechecks is None else str(policy.rechecks),
        consecutive_rounds=str(policy.consecutive_rounds),
        recovery_rounds=str(policy.recovery_rounds),
        regional_after_seconds=str(policy.regional_after_seconds),
    )


def change_of_form(form: PolicyForm, shown: PolicyForm) -> PolicyChange:
    """The change, for a form that was opened as `shown`. Raises InvalidError, with every field that breaks a rule.

    Values that were typed while another choice was left as it was are not dropped silently.
    """
    if form.base != OWN and form.base == shown.base and msgspec.structs.replace(form, version="") != shown:
        raise InvalidError("base", "must be “Own values” for the fields below to count")
    if form.base == ABOVE:
        return PolicyChange(reset=True)
    if form.base in MODES:
        return PolicyChange(base=MODES[form.base])
    if form.base != OWN:
        raise InvalidError("base", "must be one of the list")
    values: dict[str, Any] = {
        "quorum": form.quorum,
        "voters": form.voters,
        "order": form.order,
        "rechecks": None,
        "consecutiveRounds": form.consecutive_rounds,
        "recoveryRounds": form.recovery_rounds,
        "regionalAfterSeconds": form.regional_after_seconds,
    }
    problems: list[InvalidError] = []
    with noting(problems):
        if form.quorum == NUMBER:
            values["quorum"] = _count(form.quorum_count)
        elif form.quorum_count.strip() not in ("", shown.quorum_count):
            raise InvalidError("quorum", f"must be “{OPTIONS['quorum'][NUMBER]}” for that number to count")
    with noting(problems):
        if form.rechecks.strip():
            values["rechecks"] = _number("rechecks", form.rechecks)
    for name in ("consecutive_rounds", "recovery_rounds", "regional_after_seconds"):
        with noting(problems):
            values[_ENCODED[name]] = _number(name, getattr(form, name))
    refused = {problem.field for problem in problems}
    for name, value in values.items():
        if _FIELDS[name] not in refused:
            with noting(problems, _as_in_form):
                _policy({name: value})
    if problems:
        raise InvalidFieldsError(problems)
    return PolicyChange(base=_policy(values))


def with_stored_values(form: PolicyForm, stored: PolicyForm) -> PolicyForm:
    """The form to show when `stored` is not what it was drawn from: with what was typed, but as stored where nothing
    but the choice above all fields was made.
    """
    bases = (ABOVE, OWN, *MODES)
    only_chosen = any(
        version_of(msgspec.structs.replace(form, base=base, version="")) == form.version for base in bases
    )
    values = stored if only_chosen and form.base != OWN else form
    return msgspec.structs.replace(values, base=form.base, version=version_of(stored))


_FIELDS = {field.encode_name: field.name for field in msgspec.structs.fields(Policy)}
_ENCODED = {name: encoded for encoded, name in _FIELDS.items()}


def _policy(values: dict[str, Any]) -> Policy:
    """Raises InvalidError."""
    try:
        return msgspec.convert(values, Policy)
    except msgspec.ValidationError as error:
        raise InvalidError(*breach_of(error, Policy)) from error


def _as_in_form(error: InvalidError) -> InvalidError:
    return InvalidError(_FIELDS.get(error.field, error.field), error.rule)


def _count(text: str) -> int:
    """A quorum that is a number. Raises InvalidError."""
    found = _number("quorum_count", text)
    if not 1 <= found <= MOST:
        raise InvalidError("quorum_count", f"must be from 1 to {MOST}")
    return found


def _number(field: str, text: str) -> int:
    """Raises InvalidError."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise InvalidError(field, "must be a whole number")
    return int(digits)
