"""What the form of a monitor shows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from controller.kinds import BY_NAME
from controller.kinds.forms import FormField, FormGroup, InputKind, typed_fields
from controller.kinds.kind import MonitorKind
from controller.model import Customer, Monitor
from controller.model.values.countries import country_name
from controller.operations.overview.overview import LocationContactState
from controller.pages.monitor_form.names import FIND, form_of_kind, login_names, offered
from controller.pages.monitor_form.values import Values, usual_values
from controller.pages.shell.monitor_choices import MonitorChoices
from controller.pages.shell.texts import span
from shared.wire.messages import READY_SECONDS

_INTERVALS = {
    10: "every 10 seconds",
    30: "every 30 seconds",
    60: "every minute",
    300: "every 5 minutes",
    600: "every 10 minutes",
    900: "every 15 minutes",
    1800: "every 30 minutes",
    3600: "every hour",
    21_600: "every 6 hours",
    86_400: "once a day",
}
_WHO = ("notify_on_error", "notification_email", "notification_phone")
_HOW = ("timeout", "retry_on_failure", "rotate_locations", "locations_per_round", "locations", "home_location")
_AFTER = ("depends_on", FIND)
_NOTED = ("labels", "notes", "project", "external_key")


class FieldView(msgspec.Struct, frozen=True, kw_only=True):
    """`options` are values and words of a choice. Of a login `names` are the fields, and `stored` says in words what is
    stored of it, empty for nothing.
    """

    name: str
    label: str
    hint: str
    input: str
    example: str
    required: bool
    options: list[tuple[str, str]]
    names: dict[str, str]
    stored: str


class FieldGroupView(msgspec.Struct, frozen=True, kw_only=True):
    legend: str
    fields: list[FieldView]
    more: bool
    open: bool


class CountryView(msgspec.Struct, frozen=True):
    code: str
    name: str
    chosen: bool


class ReadyView(msgspec.Struct, frozen=True):
    """A location, and whether an agent of it is there now."""

    code: str
    name: str
    ready: bool


class FormMonitor(msgspec.Struct, frozen=True, kw_only=True):
    """The monitor that the form is of, or was copied from. `managed` is the project of the program that manages it."""

    path: str
    name: str
    customer: str
    managed: str


class MonitorFormView(msgspec.Struct, frozen=True, kw_only=True):
    """`act` is `new`, `edit` or `copy`. `form` and `problems` are by the names of the fields. `kinds` are names and
    labels, `subjects` what all of them check, in words. `customers` is empty where there is nothing to choose.
    `possible` is false without any customer. `version` is the state of the monitor that the form was drawn from.
    `more` are the folded groups that are open, of `how`, `who`, `after` and `noted`. `drawn`: for
    another kind just now.
    """

    act: str
    action: str
    form: Values
    problems: dict[str, str]
    kinds: list[tuple[str, str]]
    subjects: str
    groups: list[FieldGroupView]
    more: list[str]
    intervals: list[tuple[str, str]]
    countries: list[CountryView]
    customers: list[tuple[str, str]]
    locations: list[ReadyView]
    parents: MonitorChoices
    possible: bool
    monitor: FormMonitor | None
    version: str
    drawn: bool


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a form is drawn with beside its values."""

    locations: Sequence[LocationContactState]
    customers: Sequence[Customer]
    parents: MonitorChoices = MonitorChoices()


def form_view(
    kind: MonitorKind,
    values: Values,
    around: Around,
    *,
    act: str = "new",
    problems: Mapping[str, str] | None = None,
    monitor: Monitor | None = None,
    version: str = "",
    drawn: bool = False,
) -> MonitorFormView:
    """`values` without countries are those of a monitor that is checked from all of them."""
    found, usual = dict(problems or {}), usual_values(kind)
    own = None if monitor is None else f"/monitors/{monitor.public_id}"
    codes = countries_of(around.locations, values["countries"])
    chosen = values["countries"] or ([] if "countries" in found else codes)
    enabled = [here for here in around.locations if here.enabled]
    return MonitorFormView(
        act=act,
        action=f"{own}/edit" if act == "edit" else "/monitors/new",
        form=values,
        problems=found,
        kinds=[(name, BY_NAME[name].label) for name in offered()],
        subjects=" or ".join(dict.fromkeys(BY_NAME[name].target.SUBJECT for name in offered())),
        groups=[_group(group, kind, values, usual, found) for group in form_of_kind(kind).groups],
        more=[
            name
            for name, fields in (("how", _HOW), ("who", _WHO), ("after", _AFTER), ("noted", _NOTED))
            if _is_open(fields, values, usual, found)
        ],
        intervals=_intervals(values["interval"], kind),
        countries=[CountryView(code, country_name(code), code in chosen) for code in codes],
        customers=[(str(one.public_id), one.name) for one in around.customers] if len(around.customers) > 1 else [],
        locations=[
            ReadyView(here.code, here.name, here.silent_seconds is not None and here.silent_seconds < READY_SECONDS)
            for here in enabled
        ],
        parents=around.parents,
        possible=bool(around.customers) or monitor is not None,
        monitor=None
        if monitor is None or own is None
        else FormMonitor(path=own, name=monitor.name, customer=monitor.customer_name, managed=monitor.project or ""),
        version=version,
        drawn=drawn,
    )


def countries_of(locations: Iterable[LocationContactState], chosen: Iterable[str]) -> list[str]:
    """Those of enabled locations, and those that are chosen already."""
    return sorted({here.country for here in locations if here.enabled} | {code for code in chosen if code})


def _group(
    group: FormGroup, kind: MonitorKind, values: Values, usual: Values, problems: Mapping[str, str]
) -> FieldGroupView:
    names = [name for one in group.fields for name in _names_in_form(one, kind)]
    return FieldGroupView(
        legend=group.legend,
        fields=[_field(one, kind, values) for one in group.fields],
        more=group.more,
        open=_is_open(names, values, usual, problems),
    )


def _names_in_form(one: FormField, kind: MonitorKind) -> Sequence[str]:
    is_login = typed_fields(kind.typed)[one.name].input is InputKind.LOGIN
    return login_names(one.name) if is_login else (one.name,)


def _is_open(names: Iterable[str], values: Values, usual: Values, problems: Mapping[str, str]) -> bool:
    return any(name in problems or values.get(name, "") != usual.get(name, "") for name in names)


def _field(one: FormField, kind: MonitorKind, values: Values) -> FieldView:
    typed = typed_fields(kind.typed)[one.name]
    names, stored = {}, ""
    if typed.input is InputKind.LOGIN:
        names = login_names(one.name)._asdict()
        state = values[names["secret"]]
        stored = state if state in ("keep", "replace", "remove") else ""
    usual = getattr(typed.usual, "value", None)
    return FieldView(
        name=one.name,
        label=one.label,
        hint=one.hint,
        input=typed.input.value,
        example=one.example,
        required=typed.required,
        options=[(value, f"{words} (usual)" if value == usual else words) for value, words in one.words.items()],
        names=names,
        stored=stored,
    )


def _intervals(chosen: str, kind: MonitorKind) -> list[tuple[str, str]]:
    """Those that the kind allows, and the one that is set."""
    known = {str(seconds): words for seconds, words in _INTERVALS.items() if seconds >= kind.shortest_interval_seconds}
    if chosen in known:
        return list(known.items())
    words = f"every {span(float(chosen))}" if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else chosen
    return [(chosen, words), *known.items()]
