"""The list of all monitors as people filter and sort it."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec


class DisplayState(StrEnum):
    """What a list shows of a monitor, worst first: its status when it is not active, else its verdict, which is unknown
    before the first evaluation.
    """

    DOWN = "down"
    PARTIAL = "partial"
    DEGRADED = "degraded"
    UNKNOWN = "unknown"
    UP = "up"
    MAINTENANCE = "maintenance"
    DISABLED = "disabled"


class OverviewSort(StrEnum):
    WORST = "worst"
    NAME = "name"
    UPTIME = "uptime"
    SLOWEST = "slowest"
    INCIDENT = "incident"


class OverviewFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which monitors to list, and how. None and empty mean every one; `country` is a code in upper case: the monitors
    that are checked from there. `customer` is a number or a public id. All of `labels` must be there, those without a
    value with any. Pages begin at 1.
    """

    search: str = ""
    states: tuple[DisplayState, ...] = ()
    country: str | None = None
    kind: str | None = None
    customer: int | UUID | None = None
    labels: tuple[tuple[str, str | None], ...] = ()
    sort: OverviewSort = OverviewSort.WORST
    page: int = 1

    @property
    def narrow(self) -> bool:
        """Whether it leaves out any monitor."""
        return bool(self.search or self.states or self.country or self.kind or self.customer or self.labels)
