"""The facts of one monitor's server as its page shows them: each value once, with who sees it. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.decisions.comparison.change_words import FACT_NAMES, fact_name, value_words
from controller.kinds import words_of
from controller.operations.facts.facts import FactAt, MonitorFacts
from controller.pages.facts.view import ChangeRow, change_row


class FactValueView(msgspec.Struct, frozen=True, kw_only=True):
    """A value with the locations that see it, or saw it, the earliest first sight and the latest last one."""

    name: str
    value: str
    places: list[tuple[str, str]]
    first_at: datetime
    last_at: datetime


class FactsView(msgspec.Struct, frozen=True, kw_only=True):
    """Values that hold now, and former ones, the latest first."""

    present: list[FactValueView]
    former: list[FactValueView]
    changes: list[ChangeRow]
    more: str


def facts_view(found: MonitorFacts) -> FactsView | None:
    """None when nothing is known yet."""
    if not found.facts:
        return None
    own = words_of(found.monitor.kind).facts
    groups: dict[tuple[bool, str, str], list[FactAt]] = {}
    for one in found.facts:
        groups.setdefault((one.holds, one.name, one.value), []).append(one)
    views = {key: _view(group, fact_name(key[1], own)) for key, group in groups.items()}
    order = {name: number for number, name in enumerate([*FACT_NAMES, *own])}
    former = [view for (holds, _, _), view in views.items() if not holds]
    return FactsView(
        present=[
            views[key] for key in sorted((key for key in views if key[0]), key=lambda key: (order.get(key[1], 99), key))
        ],
        former=sorted(former, key=lambda view: view.last_at, reverse=True),
        changes=[change_row(one) for one in found.latest],
        more=f"/changes?monitor={found.monitor.public_id}",
    )


def _view(group: list[FactAt], name: str) -> FactValueView:
    return FactValueView(
        name=name[:1].upper() + name[1:],
        value=value_words(group[0].name, group[0].value),
        places=[(one.country, one.location) for one in group],
        first_at=min(one.first_at for one in group),
        last_at=max(one.last_at for one in group),
    )
