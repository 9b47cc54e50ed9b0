"""Why checks of a location showed nothing in the last 24 hours, the most frequent reason first. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from controller.decisions.evaluation.blindness import Blind, BlindCount
from controller.help.failure_help import help_path
from controller.operations.locations import BLIND_FOR, LocationState
from controller.pages.words.blindness import Advice, blind_advice, blind_result_advice


class BlindReasonRow(msgspec.Struct, frozen=True, kw_only=True):
    """`checks` showed nothing for this reason. `since` is set when they are counted from
    earlier than 24 hours ago, as their period began then. `help` is the page about such failures, or empty.
    """

    checks: int
    since: datetime | None
    advice: Advice
    help: str


def blind_reasons(found: LocationState, results: Sequence[BlindCount]) -> list[BlindReasonRow]:
    """Of checks without a result by their blind periods, and of the others by their results."""
    reported = {count.source.value for count in results}
    periods: dict[str, list[Blind]] = defaultdict(list)
    for period in found.blind:
        if period.reason not in reported:
            periods[period.reason].append(period)
    rows = [_without_result(reason, of_it, found.now - BLIND_FOR) for reason, of_it in periods.items()]
    rows += [_with_result(count) for count in results]
    return sorted(rows, key=lambda row: row.checks, reverse=True)


def _without_result(reason: str, periods: Sequence[Blind], since: datetime) -> BlindReasonRow:
    begun = min(period.from_at for period in periods)
    return BlindReasonRow(
        checks=sum(period.checks for period in periods),
        since=begun if begun < since else None,
        advice=blind_advice(reason),
        help="",
    )


def _with_result(count: BlindCount) -> BlindReasonRow:
    return BlindReasonRow(
        checks=count.checks,
        since=None,
        advice=blind_result_advice(count.kind, count.source),
        help=help_path(count.kind),
    )
