"""The facts of a server at one location, from round to round: which one holds now, and when it changed. Pure.

A new value holds once three rounds in a row showed it. What returns, as in a pool of servers with two certificates, is
reported the first time only, unless it is a fact of which a return matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from controller.decisions.comparison.suspicions import ROUNDS

MOST_EARLIER = 8
"""A fact that had so many values is one that varies: it is not reported any more."""

OF_POOLS = frozenset({"certificate", "greeting"})
"""Facts of which the servers of a pool have different values."""


class KnownFact(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """The value that holds, and the one that the last `rounds` showed instead. `earlier` are values that held before,
    the latest last. `reported` is the value that readers know, if it is another one.
    """

    value: str
    candidate: str | None = None
    rounds: int = 0
    earlier: list[str] = []
    reported: str | None = None


class ChangedFact(NamedTuple):
    """A fact of which readers get to know another value."""

    name: str
    before: str
    after: str


class FactsStep(NamedTuple):
    known: dict[str, KnownFact]
    changed: list[ChangedFact]


def after_check(
    before: Mapping[str, KnownFact], sights: Mapping[str, str], *, is_recheck: bool, doubted: bool
) -> FactsStep:
    """The facts of a location after a check. What a check did not find out is left as it is, and a fact that appears
    for the first time is no change. While what the location sees is `doubted`, changes wait: they may be our own
    network's, or a finding says more.
    """
    known = dict(before)
    changed: list[ChangedFact] = []
    for name, value in sights.items():
        old = before.get(name)
        if old is None:
            known[name] = KnownFact(value=value)
            continue
        now = _after_value(name, old, value, is_recheck=is_recheck)
        if now.reported == now.value:
            now = msgspec.structs.replace(now, reported=None)
        if now.reported is not None and now.value == value and not doubted:
            changed.append(ChangedFact(name, now.reported, value))
            now = msgspec.structs.replace(now, reported=None)
        known[name] = now
    return FactsStep(known, changed)


def is_settled(known: Mapping[str, KnownFact]) -> bool:
    """Whether no other value was seen in the last round."""
    return all(one.candidate is None for one in known.values())


def _after_value(name: str, old: KnownFact, value: str, *, is_recheck: bool) -> KnownFact:
    if value == old.value:
        return msgspec.structs.replace(old, candidate=None, rounds=0) if old.candidate is not None else old
    rounds = (old.rounds if old.candidate == value else 0) + (not is_recheck)
    if rounds < ROUNDS:
        return msgspec.structs.replace(old, candidate=value, rounds=rounds)
    earlier = [one for one in old.earlier if one not in (value, old.value)]
    return KnownFact(
        value=value,
        earlier=[*earlier, old.value][-MOST_EARLIER:],
        reported=(old.reported or old.value) if _is_news(name, value, old) else None,
    )


def _is_news(name: str, value: str, old: KnownFact) -> bool:
    return name not in OF_POOLS or (value not in old.earlier and len(old.earlier) < MOST_EARLIER)
