"""Notification rules: for which types of checks which kinds of channels are used. Pure.

A rule of the customer holds, else one of the organization, else the kind of channel is used. A customer's package may
close kinds of channels altogether.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeAlias

from controller.errors import InvalidError

CHANNEL_KINDS = ("email", "sms", "webhook", "integrations")
Rules: TypeAlias = Mapping[str, Mapping[str, bool]]
"""By type of check and kind of channel."""


class ChannelRules(NamedTuple):
    """What rules and the customer's package say about one monitor. `closed` kinds of channels are not in the package;
    `off` are switched off by rules, but for the monitor's own channels. Nobody is notified of a new outage before
    `delay_seconds`.
    """

    closed: frozenset[str] = frozenset()
    off: frozenset[str] = frozenset()
    delay_seconds: int = 0


NO_RULES = ChannelRules()


def channel_kind(channel_type: str) -> str:
    """The kind of channel that rules name."""
    return channel_type if channel_type in CHANNEL_KINDS else "integrations"


def switched_off(check_type: str, customer: Rules | None, organization: Rules | None) -> frozenset[str]:
    """The kinds of channels that are not used for checks of this type."""
    levels = [(rules or {}).get(check_type) or {} for rules in (customer, organization)]
    return frozenset(kind for kind in CHANNEL_KINDS if _first(kind, levels) is False)


def with_rules(stored: Rules | None, sent: Mapping[str, Any] | None) -> dict[str, dict[str, bool]] | None:
    """The rules after a change: what is sent replaces, null removes a rule, a type of check, or all of them."""
    if sent is None:
        return None
    rules = {name: dict(kinds) for name, kinds in (stored or {}).items()}
    for name, kinds in sent.items():
        merged = {} if kinds is None else rules.get(name, {}) | dict(kinds)
        rules[name] = {kind: value for kind, value in merged.items() if value is not None}
    return {name: kinds for name, kinds in rules.items() if kinds} or None


def whole_rules(sent: Mapping[str, Any] | None, check_types: Collection[str]) -> dict[str, Any] | None:
    """A change after which there are these rules and no others."""
    if sent is None:
        return None
    kinds = dict.fromkeys(CHANNEL_KINDS)
    return dict.fromkeys(check_types) | {name: kinds | dict(rules or {}) for name, rules in sent.items()}


def check_rules(sent: Any, check_types: Collection[str], *, field: str) -> None:
    """Whether these are rules, or null, with null for what is to be removed. Raises InvalidError."""
    if sent is None:
        return
    if not isinstance(sent, Mapping):
        raise InvalidError(field, "must be an object, or null")
    for name, kinds in sent.items():
        if name not in check_types:
            raise InvalidError(field, f"may have these types of checks: {', '.join(check_types)}")
        if kinds is None:
            continue
        if not isinstance(kinds, Mapping) or not set(kinds) <= set(CHANNEL_KINDS):
            raise InvalidError(f"{field}.{name}", f"must be an object with these members: {', '.join(CHANNEL_KINDS)}")
        for kind, value in kinds.items():
            if value is not None and not isinstance(value, bool):
                raise InvalidError(f"{field}.{name}.{kind}", "must be true, false or null")


def _first(kind: str, levels: Collection[Mapping[str, bool]]) -> bool | None:
    return next((rules[kind] for rules in levels if rules.get(kind) is not None), None)
