"""The form of notification rules, and what it changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from controller.decisions.notification.rules import CHANNEL_KINDS, Rules
from controller.errors import InvalidError
from controller.kinds import check_types, types

KIND_WORDS = {"email": "E-mail", "sms": "Text message", "webhook": "Webhook", "integrations": "Integration"}
_SAYS = {"on": True, "off": False, "": None}


class RulesForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: of each type of check and kind of channel `smtp:email:on`, `…:off`, or `…:` for no rule."""

    rule: list[str] = []
    version: str = ""


class RuleCell(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of channel for one type of check: options as value and name, and which of them is chosen."""

    label: str
    options: list[tuple[str, str]]
    chosen: str


class RuleRow(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    cells: list[RuleCell]


def form_of_rules(rules: Rules | None) -> RulesForm:
    """The form as the rules fill it in."""
    said = {True: "on", False: "off", None: ""}
    return RulesForm(
        rule=[
            f"{name}:{kind}:{said[((rules or {}).get(name) or {}).get(kind)]}"
            for name in check_types()
            for kind in CHANNEL_KINDS
        ]
    )


def rules_of(form: RulesForm) -> dict[str, dict[str, bool | None]]:
    """What the form changes; None removes a rule. Raises InvalidError."""
    found: dict[str, dict[str, bool | None]] = {}
    for text in form.rule:
        name, _, rest = text.partition(":")
        kind, _, said = rest.partition(":")
        if name not in check_types() or kind not in CHANNEL_KINDS or said not in _SAYS:
            raise InvalidError("rule", "must be chosen from the list")
        found.setdefault(name, {})[kind] = _SAYS[said]
    return found


def rows_of(rules: Rules | None, above: Rules | None, *, of_customer: bool) -> list[RuleRow]:
    """The form as a table; `above` are the rules that hold where these say nothing."""
    return [
        RuleRow(
            name=one.label,
            cells=[_cell(name, one.label, kind, rules, above, of_customer=of_customer) for kind in CHANNEL_KINDS],
        )
        for name, one in zip(check_types(), types(), strict=True)
    ]


def _cell(name: str, label: str, kind: str, rules: Rules | None, above: Rules | None, *, of_customer: bool) -> RuleCell:
    usual = _rule(above, name, kind) is not False
    words = ("as the organization: " if of_customer else "usual: ") + ("used" if usual else "not used")
    says = {True: "on", False: "off", None: ""}[_rule(rules, name, kind)]
    value = f"{name}:{kind}:"
    return RuleCell(
        label=f"{KIND_WORDS[kind]} for {label}",
        options=[(value, words), (f"{value}on", "used"), (f"{value}off", "not used")],
        chosen=f"{value}{says}",
    )


def _rule(rules: Rules | None, name: str, kind: str) -> bool | None:
    of_type: Mapping[str, Any] = (rules or {}).get(name) or {}
    return of_type.get(kind)
