"""How long what is stored is kept."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

DETAIL_DAYS = 30
"""Results and gaps of the last so many days can be stored, however shortly they are kept. Dead letters, blind periods
and deleted monitors are kept for so long.
"""

VERDICT_DAYS = 32
"""For how many days it is known when verdicts changed."""

UNCONFIRMED_DAYS = 8
"""Failures that opened no incident, in days."""

AUDIT_DAYS = 400
"""Entries of the audit log, in days. The database refuses to remove younger ones (migration 0017_audit)."""

RESULTS_DAYS = 30
ROLLUPS_MONTHS = 24
"""How long results and roll-ups are kept when nobody says otherwise."""

BLOCKS_DAYS = 400
"""How long checks that passed are kept in blocks when nobody says otherwise."""

MOST_RESULTS_DAYS = 400
MOST_BLOCKS_DAYS = 4000
MOST_ROLLUPS_MONTHS = 120

DAYS_OF_A_MONTH = 28
"""A month of roll-ups covers at least so many days of results."""


class Kept(NamedTuple):
    """For how many days results are kept, for how many months roll-ups, and for how many days checks that passed."""

    results_days: int = RESULTS_DAYS
    rollups_months: int = ROLLUPS_MONTHS
    blocks_days: int = BLOCKS_DAYS


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long somebody wants results, roll-ups and blocks to be kept; None is as long as the installation keeps them.
    An organization chooses no time for blocks: that of its results bounds them, too.
    """

    results_days: int | None = None
    rollups_months: int | None = None
    blocks_days: int | None = None
