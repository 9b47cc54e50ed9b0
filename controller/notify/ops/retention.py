"""Messages about history that will be removed because somebody keeps less of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from controller.model.retention import Kept
from controller.notify.ops.message import OpsMessage, first_lines
from controller.store.notifications.ops_notices import OpenProblem
from controller.store.retention.amounts import Removed

_PATH = "/"
_BY_SETTING = (
    "A controller was started with other values of MAILPROBE_KEEP_RESULTS_DAYS, MAILPROBE_KEEP_ROLLUPS_MONTHS or"
    " MAILPROBE_KEEP_BLOCKS_DAYS. To keep everything, start all controllers with the old values before that moment."
)
_BY_REQUEST = (
    "It was changed by PATCH /api/v1/organizations/{id}; the audit log says who did. To keep everything, send the old"
    " values before that moment."
)


class Shortening(msgspec.Struct, frozen=True, kw_only=True):
    """Less will be kept from a moment on: of `organization`, or of all (None)."""

    organization: str | None
    before: Kept
    after: Kept
    takes_effect_at: datetime
    removed: Removed

    @property
    def whose(self) -> str:
        return "of all organizations" if self.organization is None else f"of the organization {self.organization}"


def shortened(new: Collection[str], found: Mapping[str, Shortening]) -> OpsMessage:
    shown = [found[subject] for subject in sorted(new)]
    by_setting = any(one.organization is None for one in shown)
    by_request = any(one.organization is not None for one in shown)
    return OpsMessage(
        path=_PATH,
        title="Stored history will be removed",
        paragraphs=[
            *first_lines(_line(one) for one in shown),
            "Nothing is removed before then.",
            *([_BY_SETTING] if by_setting else []),
            *([_BY_REQUEST] if by_request else []),
        ],
    )


def settled(over: Sequence[OpenProblem], in_effect: Mapping[str, Shortening]) -> OpsMessage:
    """`in_effect` are those whose moment has come; the others were taken back or replaced."""
    begun = [in_effect[one.subject] for one in over if one.subject in in_effect]
    taken_back = [one.subject for one in over if one.subject not in in_effect]
    title = "Stored history is being removed" if begun else "Stored history is not removed"
    lines = [
        f"History {one.whose}: {_kept(one.after)} are kept from now on. What is older is being removed."
        for one in begun
    ]
    lines += [
        f"Less history for {subject}: this does not happen. It was taken back, or replaced by what another notice says."
        for subject in taken_back
    ]
    return OpsMessage(path=_PATH, title=title, paragraphs=first_lines(lines))


def _line(one: Shortening) -> str:
    moment = f"{one.takes_effect_at:%Y-%m-%d %H:%M} UTC"
    return (
        f"History {one.whose}: from {moment} on {_kept(one.after)} are kept, instead of {_kept(one.before)}. That"
        f" removes about {one.removed.results:,} results and {one.removed.rollups:,} hourly and daily summaries."
    )


def _kept(kept: Kept) -> str:
    months = kept.rollups_months
    return (
        f"{_days(kept.results_days)} of results, {_days(kept.blocks_days)} of checks that passed and"
        f" {months} {'month' if months == 1 else 'months'} of summaries"
    )


def _days(number: int) -> str:
    return f"{number} {'day' if number == 1 else 'days'}"
