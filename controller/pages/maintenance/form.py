"""The form of a window: what it shows, and the change that it stands for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from controller.errors import InvalidError, InvalidFieldsError, noting
from controller.model.maintenance import Day, Effect, Frequency, LabelTarget, MaintenanceWindow, Recurrence, Weekday
from controller.operations.maintenance.targets import WindowTargetsChange
from controller.operations.maintenance.windows import WindowChange
from controller.pages.maintenance.words import label_in_words
from controller.pages.settings.requests import uuids_of

ONCE, KEPT = "once", "kept"
BY_DATE, BY_PLACE, BY_END = "date", "place", "end"
NEVER, AFTER, UNTIL = "never", "after", "until"
_HELD = frozenset({"version", "find", "rule"})


class MaintenanceForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: texts. `repeats` is ONCE, a frequency, or KEPT for the recurrence in `rule` (JSON) that the fields
    cannot say. `find` is a search for monitors to choose from.
    """

    name: str = ""
    description: str = ""
    zone: str = ""
    start_date: str = ""
    start_time: str = ""
    end_date: str = ""
    end_time: str = ""
    endless: str = ""
    repeats: str = ONCE
    interval: str = "1"
    days: list[str] = []
    monthly: str = BY_DATE
    month_day: str = ""
    place: str = "1"
    place_day: str = Weekday.MONDAY
    ends: str = NEVER
    count: str = ""
    until: str = ""
    effect: str = Effect.SILENCE
    monitors: list[str] = []
    labels: str = ""
    customers: list[str] = []
    locations: list[str] = []
    organization: str = ""
    customer: str = ""
    enabled: str = ""
    rule: str = ""
    find: str = ""
    version: str = ""


FIELDS = frozenset(MaintenanceForm.__struct_fields__) - _HELD | {"targets"}
NAMES = {
    "timeZone": "zone",
    "start": "start_date",
    "end": "end_date",
    "recurrence": "repeats",
    "recurrence.interval": "interval",
    "recurrence.byDay": "days",
    "recurrence.byMonthDay": "month_day",
    "recurrence.bySetPos": "repeats",
    "recurrence.count": "count",
    "recurrence.until": "until",
    "targets.monitors": "monitors",
    "targets.customers": "customers",
    "targets.locations": "locations",
    "targets.labels": "labels",
    "targets.organization": "organization",
}
"""The fields of the form by the names that errors have."""


def new_form(zone: str, now: datetime, monitors: list[str]) -> MaintenanceForm:
    """A form for these monitors: one hour from the next full hour on."""
    begins = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None, minute=0, second=0, microsecond=0) + timedelta(hours=1)
    ends = begins + timedelta(hours=1)
    return MaintenanceForm(
        zone=zone,
        start_date=f"{begins:%Y-%m-%d}",
        start_time=f"{begins:%H:%M}",
        end_date=f"{ends:%Y-%m-%d}",
        end_time=f"{ends:%H:%M}",
        monitors=monitors,
        enabled="on",
    )


def form_of_window(window: MaintenanceWindow) -> MaintenanceForm:
    """A stored window as its form shows it."""
    targets = window.targets
    form = MaintenanceForm(
        name=window.name,
        description=window.description or "",
        zone=window.time_zone,
        start_date=f"{window.start:%Y-%m-%d}",
        start_time=_clock(window.start),
        end_date=f"{window.end:%Y-%m-%d}" if window.end else "",
        end_time=_clock(window.end) if window.end else "",
        endless="" if window.end else "on",
        effect=window.effect,
        monitors=[str(one.public_id) for one in targets.monitors],
        labels="\n".join(map(label_in_words, targets.labels)),
        customers=[str(one.public_id) for one in targets.customers],
        locations=[one.code for one in targets.locations],
        organization="on" if targets.organization else "",
        customer=str(window.customer_public_id or ""),
        enabled="on" if window.enabled else "",
    )
    rule = window.recurrence
    return form if rule is None else _with_rule(form, rule)


def change_of_form(form: MaintenanceForm) -> WindowChange:
    """Raises InvalidFieldsError with the fields of the form."""
    problems: list[InvalidError] = []
    start = end = recurrence = None
    with noting(problems):
        start = _moment(form.start_date, form.start_time, "start")
    if not form.endless:
        with noting(problems):
            end = _moment(form.end_date, form.end_time, "end")
    with noting(problems):
        recurrence = _recurrence(form)
    monitors, customers, labels = [], [], []
    with noting(problems):
        monitors = uuids_of(form.monitors, "monitors")
    with noting(problems):
        customers = uuids_of(form.customers, "customers")
    with noting(problems):
        labels = list(labels_of(form.labels))
    owner = None
    with noting(problems):
        owner = uuids_of([form.customer], "customer")[0] if form.customer else None
    if form.effect not in set(Effect):
        problems.append(InvalidError("effect", "must be one of the list"))
    if problems or start is None:
        raise InvalidFieldsError(problems)
    return WindowChange(
        name=form.name.strip(),
        description=form.description.replace("\r\n", "\n").strip() or None,
        time_zone=form.zone.strip(),
        start=start,
        end=end,
        recurrence=recurrence,
        effect=Effect(form.effect),
        enabled=form.enabled == "on",
        targets=WindowTargetsChange(
            monitors=monitors,
            customers=customers,
            locations=form.locations,
            labels=labels,
            organization=form.organization == "on",
        ),
        customer=owner,
    )


def _with_rule(form: MaintenanceForm, rule: Recurrence) -> MaintenanceForm:
    """The fields that say this rule, or KEPT with the rule when none do."""
    values: dict[str, object] = {"repeats": rule.frequency.value, "interval": str(rule.interval)}
    if rule.frequency is Frequency.WEEKLY:
        values["days"] = [day.weekday.value for day in rule.by_day]
    elif rule.frequency is Frequency.MONTHLY:
        values |= _monthly(rule)
    if rule.count is not None:
        values |= {"ends": AFTER, "count": str(rule.count)}
    elif rule.until is not None:
        values |= {"ends": UNTIL, "until": f"{rule.until:%Y-%m-%d}"}
    found = msgspec.structs.replace(form, **values)
    with suppress(InvalidError, InvalidFieldsError):
        said = _recurrence(found)
        if said is not None and _on_day(said) == _on_day(rule):
            return found
    return msgspec.structs.replace(form, repeats=KEPT, rule=msgspec.json.encode(rule).decode())


def _on_day(rule: Recurrence) -> Recurrence:
    """The form knows the day of the last start, and its whole day counts."""
    return msgspec.structs.replace(rule, until=rule.until and datetime.combine(rule.until, time()))


def _monthly(rule: Recurrence) -> dict[str, object]:
    if rule.by_month_day == (-1,):
        return {"monthly": BY_END}
    if len(rule.by_day) == 1 and rule.by_day[0].nth is not None:
        return {"monthly": BY_PLACE, "place": str(rule.by_day[0].nth), "place_day": rule.by_day[0].weekday.value}
    return {"month_day": str(rule.by_month_day[0]) if len(rule.by_month_day) == 1 else ""}


def _recurrence(form: MaintenanceForm) -> Recurrence | None:
    """Raises InvalidError, InvalidFieldsError."""
    if form.repeats == ONCE:
        return None
    if form.repeats == KEPT:
        try:
            return msgspec.json.decode(form.rule, type=Recurrence)
        except msgspec.DecodeError:
            raise InvalidError("repeats", "must be one of the list") from None
    if form.repeats not in set(Frequency):
        raise InvalidError("repeats", "must be one of the list")
    frequency = Frequency(form.repeats)
    days: tuple[Day, ...] = ()
    month_days: tuple[int, ...] = ()
    if frequency is Frequency.WEEKLY:
        if not set(form.days) <= set(Weekday):
            raise InvalidError("days", "must be days of the week")
        days = tuple(Day(day) for day in Weekday if day in form.days)
    elif frequency is Frequency.MONTHLY:
        days, month_days = _days_of_month(form)
    until = None
    if form.ends == UNTIL:
        until = datetime.combine(_date(form.until, "until"), time(23, 59, 59))
    elif form.ends not in (NEVER, AFTER):
        raise InvalidError("ends", "must be one of the list")
    return Recurrence(
        frequency=frequency,
        interval=_number(form.interval, "interval"),
        by_day=days,
        by_month_day=month_days,
        count=_number(form.count, "count") if form.ends == AFTER else None,
        until=until,
    )


def _days_of_month(form: MaintenanceForm) -> tuple[tuple[Day, ...], tuple[int, ...]]:
    match form.monthly:
        case "end":
            return (), (-1,)
        case "place":
            if form.place_day not in set(Weekday) or form.place not in ("1", "2", "3", "4", "5", "-1"):
                raise InvalidError("place", "must be one of the list")
            return (Day(Weekday(form.place_day), int(form.place)),), ()
        case "date":
            return (), (_number(form.month_day, "month_day"),) if form.month_day.strip() else ()
    raise InvalidError("monthly", "must be one of the list")


def labels_of(text: str) -> Iterator[LabelTarget]:
    """A line each: a key alone is any value."""
    for line in filter(None, map(str.strip, text.splitlines())):
        key, sign, value = line.partition(":")
        yield LabelTarget(key.strip(), value.strip() if sign else None)


def _moment(day: str, clock: str, what: str) -> datetime:
    at = _date(day, f"{what}_date")
    try:
        read = time.fromisoformat(clock.strip())
    except ValueError:
        raise InvalidError(f"{what}_time", "must be a time, as 02:00") from None
    if read.tzinfo is not None or read.microsecond:
        raise InvalidError(f"{what}_time", "must be a time, as 02:00")
    return datetime.combine(at, read)


def _date(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise InvalidError(field, "must be a date, as 2027-03-28") from None


def _number(text: str, field: str) -> int:
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise InvalidError(field, "must be a whole number")
    return int(text)


def _clock(at: datetime) -> str:
    return f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
