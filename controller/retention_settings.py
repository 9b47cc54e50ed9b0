"""How long history is kept, as the settings of a controller."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

from controller.model.retention import DAYS_OF_A_MONTH, MOST_BLOCKS_DAYS, MOST_RESULTS_DAYS, MOST_ROLLUPS_MONTHS, Kept
from shared.settings import described

KeepResultsDays: TypeAlias = Annotated[
    int,
    msgspec.Meta(ge=1, le=MOST_RESULTS_DAYS),
    described(
        "For how many days results and gaps are kept. A smaller value takes effect after 24 hours, and operators are"
        " notified before (docs/operations.md, How long history is kept)."
    ),
]
KeepRollupsMonths: TypeAlias = Annotated[
    int,
    msgspec.Meta(ge=1, le=MOST_ROLLUPS_MONTHS),
    described(
        "For how many months the summaries of hours and days are kept, which charts and uptime are made of. At least"
        f" one for every {DAYS_OF_A_MONTH} days of MAILPROBE_KEEP_RESULTS_DAYS."
    ),
]
KeepBlocksDays: TypeAlias = Annotated[
    int,
    msgspec.Meta(ge=1, le=MOST_BLOCKS_DAYS),
    described(
        "For how many days checks that passed are kept in blocks, which are made some hours after the checks"
        " (docs/operations.md, How long history is kept). At least MAILPROBE_KEEP_RESULTS_DAYS. A smaller value takes"
        " effect after 24 hours, and operators are notified before."
    ),
]


def problems_of(kept: Kept) -> list[str]:
    """What is wrong with the settings together."""
    if kept.blocks_days < kept.results_days:
        return [f"MAILPROBE_KEEP_BLOCKS_DAYS: must be at least MAILPROBE_KEEP_RESULTS_DAYS ({kept.results_days})"]
    if kept.results_days <= DAYS_OF_A_MONTH * kept.rollups_months:
        return []
    rule = f"must be at least one for every {DAYS_OF_A_MONTH} days of MAILPROBE_KEEP_RESULTS_DAYS"
    return [f"MAILPROBE_KEEP_ROLLUPS_MONTHS: {rule} ({kept.results_days})"]
