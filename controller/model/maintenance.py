"""Maintenance windows: when planned work is, for what, and what it does to checks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec


class Frequency(StrEnum):
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    YEARLY = "yearly"


class Weekday(StrEnum):
    """As RFC 5545 writes them, in the order of a week."""

    MONDAY = "MO"
    TUESDAY = "TU"
    WEDNESDAY = "WE"
    THURSDAY = "TH"
    FRIDAY = "FR"
    SATURDAY = "SA"
    SUNDAY = "SU"


class Day(NamedTuple):
    """A day of the week: every one, or with a number the nth of the month or year, from its end when negative. Only
    monthly and yearly rules may have numbers.
    """

    weekday: Weekday
    nth: int | None = None


class Recurrence(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The parts of a rule under their names in RFC 5545. `until` (naive) is the last start that it allows. A weekly
    rule has no days of the month.
    """

    frequency: Frequency
    interval: int = 1
    by_day: tuple[Day, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    count: int | None = None
    until: datetime | None = None


class Effect(StrEnum):
    """What a window does. Where several hold, the later one of these does."""

    SILENCE = "silence"  # checks go on, nobody is notified
    SUSPEND = "suspend"  # there are no checks


class LabelTarget(NamedTuple):
    """Monitors with this label; `value` None is any value."""

    key: str
    value: str | None


class MonitorTarget(msgspec.Struct, frozen=True):
    id: int
    public_id: UUID
    name: str
    kind: str
    customer_id: int


class CustomerTarget(msgspec.Struct, frozen=True):
    id: int
    public_id: UUID
    name: str


class LocationTarget(msgspec.Struct, frozen=True):
    id: int
    code: str
    name: str


class WindowTargets(msgspec.Struct, frozen=True, kw_only=True):
    """What a window is for: all of these together."""

    monitors: tuple[MonitorTarget, ...] = ()
    customers: tuple[CustomerTarget, ...] = ()
    locations: tuple[LocationTarget, ...] = ()
    labels: tuple[LabelTarget, ...] = ()
    organization: bool = False


class StoredOccurrence(NamedTuple):
    """From when to when an occurrence is (UTC); without an end while `to_at` is None. `planned_at` is the start that
    the window's times give. One that was `moved` keeps its times when the window is expanded again.
    """

    planned_at: datetime
    from_at: datetime
    to_at: datetime | None
    moved: bool = False

    def holds(self, at: datetime) -> bool:
        return self.from_at <= at and (self.to_at is None or at < self.to_at)


class MaintenanceWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A window as it is stored. `start` and `end` are times of a wall clock in `time_zone`; without an end it lasts
    until somebody ends it. One with a `customer_id` is for that customer's monitors only. `of_status` is the number of
    the monitor whose status "maintenance" (of the vendors' APIs) the window is. `stored` are its occurrences that are
    under way, or were moved and are not long over.
    """

    id: int
    public_id: UUID
    organization_id: int
    customer_id: int | None
    customer_public_id: UUID | None
    name: str
    description: str | None
    time_zone: str
    start: datetime
    end: datetime | None
    recurrence: Recurrence | None
    effect: Effect
    enabled: bool
    targets: WindowTargets
    of_status: int | None
    made_by: str | None
    created_at: datetime
    updated_at: datetime
    stored: tuple[StoredOccurrence, ...] = ()


class TargetNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """What a window is for, as it is written: by the numbers of these objects."""

    monitors: frozenset[int] = frozenset()
    customers: frozenset[int] = frozenset()
    locations: frozenset[int] = frozenset()
    labels: frozenset[LabelTarget] = frozenset()
    organization: bool = False


class NewWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A window before it has ids and timestamps. `made_by` is the number of an account."""

    organization_id: int
    customer_id: int | None
    name: str
    description: str | None
    time_zone: str
    start: datetime
    end: datetime | None
    recurrence: Recurrence | None
    effect: Effect
    enabled: bool
    targets: TargetNumbers
    made_by: int | None


class InMaintenance(NamedTuple):
    """That a monitor is in maintenance: since when, and until when its windows last without a break (None: no end)."""

    effect: Effect
    since: datetime
    until: datetime | None


class WindowTime(NamedTuple):
    """That a monitor is, was or will be in maintenance by a window; without an end while `to_at` is None."""

    window_id: int
    from_at: datetime
    to_at: datetime | None
    effect: Effect

    def holds(self, at: datetime) -> bool:
        return self.from_at <= at and (self.to_at is None or at < self.to_at)


class CalendarFeed(msgspec.Struct, frozen=True, kw_only=True):
    """An address under which a calendar program reads windows or, with a rota, who is on call; without its token."""

    id: int
    public_id: UUID
    organization_id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None
    rota_public_id: UUID | None
    rota_name: str | None
