"""A maintenance window as Uptimeify's clients read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from controller.api.compat.uptimeify.maintenance.patterns import shown_pattern
from controller.api.compat.uptimeify.maintenance.schemas import ShownTag, ShownTarget, WindowAnswer
from controller.decisions.maintenance.wall_clock import end_instant, start_instant
from controller.http.timestamps import timestamp, timestamp_or_none
from controller.kinds import imap_pop, kind_named, smtp
from controller.model.maintenance import LabelTarget, MaintenanceWindow
from controller.model.tags import Tag


def type_of(kind: str) -> str:
    """The type of monitors of this kind, as this API writes it."""
    return kind_named(kind).type.name.replace("-", "_")


def is_tag(label: LabelTarget) -> bool:
    """Whether this API can name a window's label."""
    return not label.value


def tag_names(windows: Iterable[MaintenanceWindow]) -> set[str]:
    """The names of the tags that these windows are for."""
    return {label.key for window in windows for label in window.targets.labels if is_tag(label)}


def times_of(window: MaintenanceWindow) -> tuple[datetime, datetime | None]:
    """When the window's first occurrence begins and ends; of one that takes place once, as it really was."""
    moved = [one for one in window.stored if one.moved]
    if window.recurrence is None and moved:
        return moved[-1].from_at, moved[-1].to_at
    zone = ZoneInfo(window.time_zone)
    return start_instant(window.start, zone), None if window.end is None else end_instant(window.end, zone)


def window_answer(window: MaintenanceWindow, tags: Mapping[str, Tag]) -> WindowAnswer:
    """`tags` are those of `tag_names`, by name."""
    start, end = times_of(window)
    monitors = window.targets.monitors
    only = monitors[0] if len(monitors) == 1 else None
    names = dict.fromkeys(label.key for label in window.targets.labels if is_tag(label))
    return WindowAnswer(
        id=window.id,
        public_id=window.public_id,
        organization_id=window.organization_id,
        customer_id=window.customer_id,
        name=window.name,
        description=window.description,
        start_time=timestamp(start),
        end_time=timestamp_or_none(end),
        is_recurring=window.recurrence is not None,
        recurrence_pattern=shown_pattern(window),
        is_active=window.enabled,
        targets=[ShownTarget(type=type_of(one.kind), id=one.id) for one in monitors],
        tags=[ShownTag(id=tags[name].id, name=name, color=tags[name].color.value) for name in names if name in tags],
        smtp_monitor_id=only.id if only and kind_named(only.kind).type is smtp.TYPE else None,
        imap_pop_monitor_id=only.id if only and kind_named(only.kind).type is imap_pop.TYPE else None,
        created_at=timestamp(window.created_at),
        updated_at=timestamp(window.updated_at),
    )
