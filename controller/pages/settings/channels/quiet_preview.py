"""What the quiet hours that a form has so far mean, and when they are next. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from controller.decisions.notification.quiet_hours import (
    check_quiet_hours,
    next_quiet_times,
    quiet_sentence,
    zone_of_hours,
)
from controller.errors import InvalidError
from controller.model.notification.quiet_hours import QuietHours
from controller.notify.handover.services import HANDED_OVER
from controller.pages.maintenance.words import OccurrenceView, occurrence_view
from controller.pages.settings.channels.quiet_form import QUIET_ERRORS, QUIET_LABELS, quiet_hours_of

_SHOWN = 5


class QuietPreview(msgspec.Struct, frozen=True, kw_only=True):
    """`meaning` is a sentence, empty without quiet hours; `problems` are why there are none yet."""

    meaning: str = ""
    zone: str = ""
    rows: list[OccurrenceView] = []
    problems: list[str] = []


def quiet_preview(type_: str, form: Mapping[str, str], time_zone: str, now: datetime) -> QuietPreview:
    """Of a channel of this type. `time_zone` is the organization's."""
    if not form["quiet_windows"].strip():
        return QuietPreview()
    mistakes: list[InvalidError] = []
    stored = quiet_hours_of(form, mistakes)
    try:
        if not mistakes:
            check_quiet_hours(stored, handed_over=type_ in HANDED_OVER)
    except InvalidError as error:
        mistakes += error.fields
    if mistakes or stored is None:
        return QuietPreview(problems=[f"{QUIET_LABELS[QUIET_ERRORS[one.field]]} {one.rule}." for one in mistakes])
    hours = msgspec.convert(stored, QuietHours)
    zone = zone_of_hours(hours, time_zone)
    return QuietPreview(
        meaning=f"{quiet_sentence(hours, time_zone)}.",
        zone=zone.key,
        rows=[occurrence_view(one, zone) for one in next_quiet_times(hours, time_zone, now, _SHOWN)],
    )
