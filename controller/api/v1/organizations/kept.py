"""How long an organization's history is kept, as our own API answers it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from controller.http.timestamps import Timestamp, timestamp
from controller.operations.accounts.retention import OrganizationRetention


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is kept now: results since one moment, of the time before since another only checks that passed, and
    summaries of hours and days since a third.
    """

    results_days: Annotated[int, Meta(description="Days.")]
    passed_days: Annotated[int, Meta(description="Days of checks that passed, whose values are rounded.")]
    rollups_months: Annotated[int, Meta(description="Months.")]
    results_since: Timestamp
    passed_since: Timestamp
    rollups_since: Timestamp


class ShorteningAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is kept from `takesEffectAt` on. About so many results and summaries (one for each monitor, location and
    hour or day) are removed then.
    """

    results_days: Annotated[int, Meta(description="Days.")]
    passed_days: Annotated[int, Meta(description="Days of checks that passed, whose values are rounded.")]
    rollups_months: Annotated[int, Meta(description="Months.")]
    takes_effect_at: Timestamp
    results_removed: int
    rollups_removed: int


def kept_answer(found: OrganizationRetention) -> KeptAnswer:
    return KeptAnswer(
        results_days=found.kept.results_days,
        passed_days=found.kept.blocks_days,
        rollups_months=found.kept.rollups_months,
        results_since=timestamp(found.results_since),
        passed_since=timestamp(found.blocks_since),
        rollups_since=timestamp(found.rollups_since),
    )


def shortening_answer(found: OrganizationRetention) -> ShorteningAnswer | None:
    if found.then is None or found.takes_effect_at is None:
        return None
    return ShorteningAnswer(
        results_days=found.then.results_days,
        passed_days=found.then.blocks_days,
        rollups_months=found.then.rollups_months,
        takes_effect_at=timestamp(found.takes_effect_at),
        results_removed=found.removed.results,
        rollups_removed=found.removed.rollups,
    )
