"""What a wall shows. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from controller.model.overview import DisplayState
from controller.model.walls import BY_CUSTOMER, WallQuery
from controller.operations.overview.overview import Troubles
from controller.operations.overview.wall import LETTERS, WallContent, WorstMonitor
from controller.pages.overview.trouble_views import trouble_views
from controller.pages.shell.texts import counted

MOST_PARTS = 60
MOST_TROUBLES = 3
_WORST_FIRST = tuple(DisplayState)
_BAD = (DisplayState.DOWN, DisplayState.PARTIAL, DisplayState.DEGRADED)
_BRIEF = (*_BAD, DisplayState.UP)
_LONGEST_WHERE = 5
_DAY = timedelta(days=1)


class StateCount(msgspec.Struct, frozen=True):
    """How many monitors are in a state."""

    state: str
    number: int


class PartView(msgspec.Struct, frozen=True):
    """A customer, or a value of a label, with how many of its monitors are wrong or up."""

    name: str
    counts: list[StateCount]


class WorstView(msgspec.Struct, frozen=True, kw_only=True):
    """`where` says from which countries it fails now."""

    state: str
    name: str
    customer: str
    since: datetime | None
    where: str
    acknowledged: bool


class MaintainedView(msgspec.Struct, frozen=True):
    """A monitor in maintenance; `dated`: it ends on another day."""

    name: str
    until: datetime | None
    dated: bool


class BoardView(msgspec.Struct, frozen=True, kw_only=True):
    """What changes on a wall. `calm` is one sentence when no monitor is wrong, else empty; `more` says what is not in
    the lists. `by` names what monitors are counted by. `maintained` are some of those in maintenance.
    """

    now: datetime
    counts: list[StateCount]
    troubles: list[str]
    worst: list[WorstView]
    maintained: list[MaintainedView]
    more_maintained: int
    more: str
    calm: str
    by: str
    parts: list[PartView]
    more_parts: str
    columns: int


class WallPageView(msgspec.Struct, frozen=True, kw_only=True):
    """`address` is what the page follows at `events`, the path of its stream. `states` has a letter for each monitor,
    and `letters` says which. `screen` is the name of the screen that shows it, None when a person does.
    """

    board: BoardView
    states: str
    letters: dict[str, str]
    dots: str
    address: str
    events: str
    screen: str | None = None


def board_view(query: WallQuery, content: WallContent, troubles: Troubles) -> BoardView:
    counts = _totals(content)
    bad = sum(counts[state] for state in _BAD)
    parts = _parts(content) if query.by else []
    wrong = [one.title for one in trouble_views(troubles)]
    missing = len(wrong) - MOST_TROUBLES
    more = [f"and {counted(missing, 'other problem')} with Mailprobe itself"] if missing > 0 else []
    return BoardView(
        now=content.now,
        counts=_counts(counts),
        troubles=wrong[:MOST_TROUBLES] + more,
        worst=[_worst(one, many_customers=content.customers > 1) for one in content.worst],
        maintained=[
            MaintainedView(one.name, one.until, one.until is not None and one.until - content.now > _DAY)
            for one in content.maintained
        ],
        more_maintained=counts[DisplayState.MAINTENANCE] - len(content.maintained),
        more=f"and {bad - len(content.worst):,} more" if bad > len(content.worst) else "",
        calm="" if bad else _calm(counts),
        by=_by(query) if query.by else "",
        parts=parts[:MOST_PARTS],
        more_parts=f"and {len(parts) - MOST_PARTS:,} more, not worse than these" if len(parts) > MOST_PARTS else "",
        columns=query.columns,
    )


def dots_label(content: WallContent) -> str:
    """What the field of dots shows, for those who do not see it."""
    counts = ", ".join(f"{one.number:,} {one.state}" for one in _counts(_totals(content)))
    return f"A dot for each of {counted(len(content.states), 'monitor')}: {counts or 'none'}"


def page_of(
    query: WallQuery, content: WallContent, troubles: Troubles, *, address: str, events: str, screen: str | None = None
) -> WallPageView:
    return WallPageView(
        board=board_view(query, content, troubles),
        states=content.states,
        letters=LETTERS,
        dots=dots_label(content),
        address=address,
        events=events,
        screen=screen,
    )


def _totals(content: WallContent) -> Counter[str]:
    found = Counter[str]()
    for _, state, number in content.counts:
        found[state] += number
    return found


def _counts(counts: Mapping[str, int]) -> list[StateCount]:
    return [StateCount(state.value, counts[state]) for state in _WORST_FIRST if counts.get(state)]


def _calm(counts: Mapping[str, int]) -> str:
    total, unknown = sum(counts.values()), counts.get(DisplayState.UNKNOWN, 0)
    if not total:
        return "No monitor matches."
    if unknown:
        return f"Nothing is known to be down; {counted(unknown, 'monitor')} cannot be judged."
    return "Nothing is down."


def _worst(one: WorstMonitor, *, many_customers: bool) -> WorstView:
    failing = sorted(one.failing)
    more = f" +{len(failing) - _LONGEST_WHERE}" if len(failing) > _LONGEST_WHERE else ""
    return WorstView(
        state=one.state,
        name=one.name,
        customer=one.customer if many_customers else "",
        since=one.since,
        where=" ".join(failing[:_LONGEST_WHERE]) + more,
        acknowledged=one.acknowledged,
    )


def _by(query: WallQuery) -> str:
    return "Customers" if query.by == BY_CUSTOMER else f"By {query.by_label}"


def _parts(content: WallContent) -> list[PartView]:
    """Those with most of what is worst first; then by name."""
    by_part: dict[str | None, dict[str, int]] = {}
    for part, state, number in content.counts:
        by_part.setdefault(part, {})[state] = number
    found = sorted(by_part.items(), key=lambda item: (_badness(item[1]), item[0] is None, (item[0] or "").lower()))
    return [PartView(_named(part), _in_brief(counts)) for part, counts in found]


def _in_brief(counts: Mapping[str, int]) -> list[StateCount]:
    """What is wrong and what is up; of a part with neither everything."""
    found = [one for one in _counts(counts) if one.state in _BRIEF]
    return found or _counts(counts)


def _named(part: str | None) -> str:
    return "without it" if part is None else part or "(empty)"


def _badness(counts: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(-counts.get(state, 0) for state in _BAD)
