"""Lists of monitors in our own API: which monitors, and in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

import msgspec

from controller.model.monitors import Monitor
from controller.model.overview import DisplayState


class MonitorSort(StrEnum):
    """By what a list is sorted; equal ones are in the order in which they were made."""

    NAME = "name"
    CREATED = "createdAt"
    UPDATED = "updatedAt"
    STATE = "state"  # worst first
    INTERVAL = "interval"


class MonitorFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which monitors are meant: those that match all that is set. Countries, in upper case, are those from which a
    monitor is checked. `labels` must be there with these values, `label_keys` with any. `search` is found in name, host
    name or the customer's name, in upper or lower case.
    """

    kinds: Sequence[str] | None = None
    states: Sequence[DisplayState] | None = None
    countries: Sequence[str] | None = None
    customer: UUID | None = None
    labels: Mapping[str, str] = {}
    label_keys: Sequence[str] = ()
    project: str | None = None
    search: str | None = None


class MonitorOrder(msgspec.Struct, frozen=True):
    sort: MonitorSort = MonitorSort.NAME
    descending: bool = False


class FoundMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor with what is shown beside it: the customer's public id, and the verdict, None before the first."""

    monitor: Monitor
    customer: UUID
    verdict: str | None
