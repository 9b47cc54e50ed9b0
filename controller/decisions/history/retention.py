"""How long results, roll-ups and blocks are kept: what holds now, and from when on a shorter time holds. Pure.

Nothing is deleted sooner than NOTICE after somebody shortened a time, so that a mistake can be taken back.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from controller.model.retention import BLOCKS_DAYS, RESULTS_DAYS, ROLLUPS_MONTHS, Kept, Retention

NOTICE = timedelta(hours=24)
_LONGEST_MONTH = 31


class RetentionChoice(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen last. Until `takes_effect_at` the times that were shortened hold on as they were `before`."""

    chosen: Retention = Retention()
    before: Retention | None = None
    takes_effect_at: datetime | None = None

    def pending(self, now: datetime) -> bool:
        """Whether a shorter time was chosen that does not hold yet."""
        return self.before is not None and self.takes_effect_at is not None and now < self.takes_effect_at


def bounding_blocks(chosen: Retention) -> Retention:
    """What an organization chose, as it holds: how long results are kept is chosen for blocks as well."""
    return msgspec.structs.replace(chosen, blocks_days=chosen.results_days)


def in_force(choice: RetentionChoice, now: datetime) -> Retention:
    return longest(choice.before or choice.chosen, choice.chosen) if choice.pending(now) else choice.chosen


def rechosen(choice: RetentionChoice, new: Retention, ceiling: Retention, now: datetime) -> RetentionChoice:
    """The choice after somebody chose `new`. Nothing is kept longer than `ceiling` anyway.

    A time that is made longer holds at once. One that is made shorter holds after NOTICE; if it was announced before,
    and is not shorter than that, the announced moment stays.
    """
    if new == choice.chosen:
        return choice
    held = in_force(choice, now)
    if not _is_shorter(shortest(new, ceiling), shortest(held, ceiling)):
        return RetentionChoice(chosen=new)
    announced = choice.takes_effect_at if choice.pending(now) else None
    if announced is None or _is_shorter(shortest(new, ceiling), shortest(choice.chosen, ceiling)):
        announced = now + NOTICE
    return RetentionChoice(chosen=new, before=held, takes_effect_at=announced)


def kept(installation: RetentionChoice, own: RetentionChoice, now: datetime) -> Kept:
    """How long what is stored of an organization is kept now."""
    return kept_of(shortest(in_force(installation, now), in_force(own, now)))


def kept_finally(installation: RetentionChoice, own: RetentionChoice) -> Kept:
    """How long they are kept when all that was chosen holds."""
    return kept_of(shortest(installation.chosen, own.chosen))


def final_moment(installation: RetentionChoice, own: RetentionChoice, now: datetime) -> datetime:
    """When all that was chosen holds: now, unless a shorter time was announced."""
    moments = [one.takes_effect_at for one in (installation, own) if one.takes_effect_at and one.pending(now)]
    return max(moments, default=now)


def limited(held: Kept, months: int | None) -> Kept:
    """What is kept of a customer whose package keeps it for so many months; None says nothing."""
    if months is None:
        return held
    days = _LONGEST_MONTH * months
    return Kept(min(held.results_days, days), min(held.rollups_months, months), min(held.blocks_days, days))


def kept_of(retention: Retention) -> Kept:
    return Kept(
        retention.results_days or RESULTS_DAYS,
        retention.rollups_months or ROLLUPS_MONTHS,
        retention.blocks_days or BLOCKS_DAYS,
    )


def longest(one: Retention, other: Retention) -> Retention:
    return Retention(
        results_days=_longer(one.results_days, other.results_days),
        rollups_months=_longer(one.rollups_months, other.rollups_months),
        blocks_days=_longer(one.blocks_days, other.blocks_days),
    )


def shortest(one: Retention, other: Retention) -> Retention:
    return Retention(
        results_days=_shorter(one.results_days, other.results_days),
        rollups_months=_shorter(one.rollups_months, other.rollups_months),
        blocks_days=_shorter(one.blocks_days, other.blocks_days),
    )


def results_since(held: Kept, now: datetime) -> datetime:
    """The first moment whose results are kept: a midnight of UTC."""
    return _midnight(now) - timedelta(days=held.results_days)


def blocks_since(held: Kept, now: datetime) -> datetime:
    """The first moment whose blocks are kept: a midnight of UTC."""
    return _midnight(now) - timedelta(days=held.blocks_days)


def rollups_since(held: Kept, now: datetime) -> datetime:
    """The first moment whose roll-ups are kept: the beginning of a month."""
    month = now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 - held.rollups_months
    return datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)


def single_results_since(held: Kept, now: datetime) -> datetime:
    """Results after this moment are certainly stored, also when the next day begins meanwhile."""
    return now - timedelta(days=max(1, held.results_days - 1))


def _is_shorter(one: Retention, other: Retention) -> bool:
    return longest(one, other) != one


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _longer(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)


def _shorter(one: int | None, other: int | None) -> int | None:
    given = [length for length in (one, other) if length is not None]
    return min(given) if given else None
