"""What the page says about history that is no longer stored. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.decisions.history.retention import results_since, rollups_since
from controller.model.retention import Kept
from controller.pages.shell.texts import counted


class KeptView(msgspec.Struct, frozen=True, kw_only=True):
    """For how long checks and the figures of charts are stored, and checks that passed, None unless that is longer.
    `checks_since` and `figures_since` are None unless the time shown begins earlier.
    """

    checks: str
    passed: str | None
    figures: str
    checks_since: datetime | None
    figures_since: datetime | None


def kept_view(held: Kept, since: datetime, now: datetime) -> KeptView:
    checks_since, figures_since = results_since(held, now), rollups_since(held, now)
    return KeptView(
        checks=counted(held.results_days, "day"),
        passed=counted(held.blocks_days, "day") if held.blocks_days > held.results_days else None,
        figures=counted(held.rollups_months, "month"),
        checks_since=checks_since if since < checks_since else None,
        figures_since=figures_since if since < figures_since else None,
    )
