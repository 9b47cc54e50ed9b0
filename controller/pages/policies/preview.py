"""What a preview says: one sentence, what it is of, and the incidents that differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from controller.decisions.replay.comparison import PolicyDifference
from controller.decisions.replay.replay import ReplayedIncident
from controller.operations.monitors.previews.found import PolicyPreview, PreviewedIncident
from controller.pages.shell.texts import counted, span
from controller.pages.words.policies import policy_sentence
from shared.epoch import to_datetime

_SAME_MS = 1000
_WORDS = {PolicyDifference.ADDED: "new", PolicyDifference.REMOVED: "gone", PolicyDifference.CHANGED: "changed"}


class DifferingView(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that differs; `words` say how."""

    path: str
    name: str
    at: datetime
    words: str
    difference: str


class PreviewView(msgspec.Struct, frozen=True, kw_only=True):
    """`sentence` is the answer; `notes` say what it is of. `words` are the policy's, and `here` is what it comes to at
    a monitor.
    """

    sentence: str
    notes: list[str]
    words: str
    here: str
    incidents: list[DifferingView]
    left_out: int


def preview_view(found: PolicyPreview, here: str) -> PreviewView:
    after, before = found.after, found.before
    sentence = (
        f"Over the last {counted(found.days, 'day')} this policy would have opened"
        f" {counted(after.incidents, 'incident')} (today's: {before.incidents})."
    )
    return PreviewView(
        sentence=sentence,
        notes=list(_notes(found)),
        words=policy_sentence(found.policy),
        here=here,
        incidents=[_differing(one) for one in found.incidents],
        left_out=found.differing - len(found.incidents),
    )


def _notes(found: PolicyPreview) -> Iterator[str]:
    if found.after.incidents or found.before.incidents:
        yield (
            f"They would have been open for {span(found.after.seconds)} all together (today's:"
            f" {span(found.before.seconds)})."
        )
    monitors = counted(found.monitors, "monitor")
    if not found.monitors:
        yield ("The policy would hold for no monitor now: each one that is checked has a nearer policy.")
    elif found.replayed < found.failing:
        yield (
            f"Over {found.replayed:,} of {counted(found.failing, 'monitor')} with failed checks, the worst first: there"
            " was no time for more."
        )
    elif found.failing:
        yield (f"It would hold for {monitors}, of which {found.failing:,} had a failed check.")
    else:
        yield (f"It would hold for {monitors}, and no check of theirs failed.")
    yield (
        f"What really happened: {counted(found.opened, 'incident')}. This can differ from today's policy, when settings"
        " were changed meanwhile. Rechecks that were never made are decided by the next check of the same location."
    )


def _differing(one: PreviewedIncident) -> DifferingView:
    what = one.differing
    match what.difference:
        case PolicyDifference.ADDED:
            words = f"opens an incident ({_incident(what.after)}); today's does not"
        case PolicyDifference.REMOVED:
            words = f"opens no incident; today's does ({_incident(what.before)})"
        case _:
            words = f"{_incident(what.after)}; today's: {_incident(what.before)}{_later(what.before, what.after)}"
    at = to_datetime(what.opened_ms)
    return DifferingView(
        path=f"/monitors/{one.monitor}?from={_hour_around(at, -1)}&to={_hour_around(at, 1)}",
        name=one.name,
        at=at,
        words=words,
        difference=_WORDS[what.difference],
    )


def _incident(one: ReplayedIncident | None) -> str:
    if one is None:
        return "none"
    lasted = "still open" if one.resolved_ms is None else f"for {span((one.resolved_ms - one.opened_ms) / 1000)}"
    return f"{one.severity.value}, {lasted}"


def _later(before: ReplayedIncident | None, after: ReplayedIncident | None) -> str:
    if before is None or after is None or abs(after.opened_ms - before.opened_ms) < _SAME_MS:
        return ""
    seconds = (after.opened_ms - before.opened_ms) / 1000
    return f". It opens {span(abs(seconds))} {'later' if seconds > 0 else 'earlier'}"


def _hour_around(at: datetime, hours: int) -> str:
    return (at + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%MZ")
