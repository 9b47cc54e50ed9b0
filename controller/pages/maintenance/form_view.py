"""What the form of a window shows: choices, problems, and the next occurrences. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from controller.errors import DomainError, PreconditionFailedError
from controller.model.maintenance import Effect, Frequency, Recurrence
from controller.operations.maintenance.preview import Preview
from controller.pages.maintenance.form import AFTER, BY_DATE, BY_END, BY_PLACE, FIELDS, KEPT, NAMES, NEVER, ONCE, UNTIL
from controller.pages.maintenance.form import MaintenanceForm as Form
from controller.pages.maintenance.words import (
    DAYS,
    PLACES,
    OccurrenceView,
    occurrence_view,
    rule_in_words,
)
from controller.pages.shell.monitor_choices import MonitorChoices
from controller.pages.shell.problems import problems_of, values_of
from controller.pages.shell.versions import BOX, differing, problems_of_conflict

REPEATS = {
    ONCE: "It does not repeat",
    Frequency.DAILY.value: "Every day, or every n days",
    Frequency.WEEKLY.value: "Every week on some days",
    Frequency.MONTHLY.value: "Every month",
    Frequency.YEARLY.value: "Every year, on the day of its start",
}
MONTHLY = {
    BY_DATE: "on a day of the month",
    BY_PLACE: "on a day of the week, as the 2nd Tuesday",
    BY_END: "on its last day",
}
ENDS = {NEVER: "never", AFTER: "after a number of times", UNTIL: "on a date"}
EFFECTS = [
    (
        Effect.SILENCE.value,
        "Checks go on, nobody is notified",
        "You see how the work goes. Uptime leaves this time out. An outage that outlasts it is reported afterwards.",
    ),
    (
        Effect.SUSPEND.value,
        "Nothing is checked",
        "For servers that must not be disturbed. Outages meanwhile are not noticed. Uptime leaves this time out.",
    ),
]
_LABELS = {
    "name": "Name",
    "zone": "Time zone",
    "start_date": "Start",
    "start_time": "Start",
    "end_date": "End",
    "end_time": "End",
    "days": "Days",
    "month_day": "Day of the month",
    "until": "Last day",
    "count": "Times",
    "interval": "Every",
    "targets": "For which monitors",
    "repeats": "Repeats",
    "monitors": "Monitors",
}


class FormChoices(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to choose from."""

    monitors: MonitorChoices
    customers: list[tuple[str, str]]
    locations: list[tuple[str, str]]
    labels: list[str]
    limited: bool


class NextOccurrencesView(msgspec.Struct, frozen=True, kw_only=True):
    """The next occurrences, or why there are none so far."""

    zone: str
    rows: list[OccurrenceView]
    warnings: list[str]
    problems: list[str]


class WindowFormView(msgspec.Struct, frozen=True, kw_only=True):
    action: str
    back: str
    name: str
    form: dict[str, Any]
    problems: dict[str, str]
    preview: NextOccurrencesView | None
    choices: FormChoices
    repeats: list[tuple[str, str]]
    ends: list[tuple[str, str]]
    effects: list[tuple[str, str, str]]
    days: list[tuple[str, str, str]]
    weekdays: list[tuple[str, str]]
    places: list[tuple[str, str]]
    zones: list[str]


def window_form_view(
    form: Form,
    choices: FormChoices,
    *,
    action: str,
    back: str,
    name: str,
    stored: Form | None,
    error: DomainError | None,
    preview: Preview | None,
    previewed: bool,
) -> WindowFormView:
    """`stored` is what the form would be drawn with now; `previewed` when only the occurrences were requested."""
    problems = _problems(form, choices, stored, error)
    shown = _shown_next(preview, problems) if previewed or preview else None
    return WindowFormView(
        action=action,
        back=back,
        name=name,
        form=values_of(form),
        problems=problems,
        preview=shown,
        choices=choices,
        repeats=[*([(KEPT, _kept(form))] if form.rule else []), *REPEATS.items()],
        ends=list(ENDS.items()),
        effects=EFFECTS,
        days=[(day.value, name, "") for day, name in DAYS.items()],
        weekdays=[(day.value, name) for day, name in DAYS.items()],
        places=[(str(number), f"the {name}") for number, name in PLACES.items()],
        zones=sorted(available_timezones()),
    )


def _problems(form: Form, choices: FormChoices, stored: Form | None, error: DomainError | None) -> dict[str, str]:
    if error is None:
        return {}
    if not isinstance(error, PreconditionFailedError) or stored is None:
        return problems_of(error, FIELDS, NAMES)
    values = {name: value for name, value in values_of(stored).items() if name in FIELDS}
    words: Mapping[str, Mapping[str, str]] = {
        "monitors": {one.value: one.name for one in choices.monitors.monitors},
        "customers": dict(choices.customers),
        "customer": {"": "every customer", **dict(choices.customers)},
        "locations": dict(choices.locations),
        "repeats": {KEPT: _kept(stored), **REPEATS},
        "monthly": MONTHLY,
        "ends": ENDS,
        "days": {day.value: name for day, name in DAYS.items()},
        "place_day": {day.value: name for day, name in DAYS.items()},
        "place": {str(number): f"the {name}" for number, name in PLACES.items()},
        "effect": {value: name for value, name, _ in EFFECTS},
        **dict.fromkeys(("endless", "organization", "enabled"), BOX),
    }
    return problems_of_conflict("this window", differing(values_of(form), values), values, words)


def _shown_next(preview: Preview | None, problems: Mapping[str, str]) -> NextOccurrencesView:
    if preview is None:
        said = [f"{_LABELS.get(name, name)}: {text}" if name else text for name, text in problems.items()]
        return NextOccurrencesView(zone="", rows=[], warnings=[], problems=said)
    zone = ZoneInfo(preview.time_zone)
    rows = [occurrence_view(one, zone) for one in preview.coming]
    return NextOccurrencesView(zone=preview.time_zone, rows=rows, warnings=preview.warnings, problems=[])


def _kept(form: Form) -> str:
    try:
        rule = msgspec.json.decode(form.rule, type=Recurrence)
        return f"As it is: {rule_in_words(rule, _start(form))}"
    except (msgspec.DecodeError, ValueError):
        return "As it is"


def _start(form: Form) -> datetime:
    return datetime.fromisoformat(form.start_date)
