"""What the form shows, and the monitor that it stands for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from controller.errors import InvalidError
from controller.kinds import BY_NAME, kinds_of_type
from controller.model import Customer, MonitorChange
from controller.model.values.countries import country_name
from controller.operations.monitors.monitors import Kinds
from controller.operations.overview.overview import LocationContactState
from shared.wire.messages import READY_SECONDS

_USUAL = "usual"
_ENCRYPTIONS = {"tls": "TLS from the first byte", "starttls": "STARTTLS, required", "none": "none"}
_FORMS = {name: kind.form for name, kind in BY_NAME.items() if kind.form is not None}
"""The kinds that the form offers."""

INTERVALS = {60: "every minute", 300: "every 5 minutes", 900: "every 15 minutes", 1800: "every 30 minutes"}
_PORT_RULE = "must be a number from 1 to 65535, or empty for the usual one"
_FIELDS = {"allowedCheckCountryCodes": "countries", "timeoutSeconds": "interval", "customerId": "customer"}
"""Fields of a monitor whose names differ in the form."""


class NewMonitorForm(msgspec.Struct, kw_only=True):
    """As submitted: texts. `customer` is a public id, empty where there is only one."""

    kind: str = next(iter(_FORMS))
    hostname: str = ""
    port: str = ""
    encryption: str = _USUAL
    interval: str = "60"
    name: str = ""
    customer: str = ""
    countries: list[str] = []


class CountryView(msgspec.Struct, frozen=True):
    code: str
    name: str
    chosen: bool


class ReadyView(msgspec.Struct, frozen=True):
    """A location, and whether an agent of it is there now."""

    code: str
    name: str
    ready: bool


class ProblemView(msgspec.Struct, frozen=True):
    """Which field breaks which rule; the field is empty when the form has no such field."""

    field: str
    text: str


class NewMonitorView(msgspec.Struct, frozen=True, kw_only=True):
    """`kinds` are names and labels, `subjects` what they check, in words. `customers` is empty where there is nothing
    to choose. `possible` is false without any customer.
    """

    form: NewMonitorForm
    kinds: list[tuple[str, str]]
    subjects: str
    encryptions: dict[str, str]
    intervals: dict[int, str]
    countries: list[CountryView]
    customers: list[tuple[str, str]]
    locations: list[ReadyView]
    possible: bool
    problem: ProblemView | None


def new_monitor_view(
    locations: Iterable[LocationContactState],
    customers: Sequence[Customer],
    form: NewMonitorForm | None = None,
    problem: InvalidError | None = None,
) -> NewMonitorView:
    """Without a form yet, every country is chosen."""
    enabled = [here for here in locations if here.enabled]
    codes = sorted({here.country for here in enabled})
    return NewMonitorView(
        form=form or NewMonitorForm(countries=codes),
        kinds=[(kind, BY_NAME[kind].label) for kind in _FORMS],
        subjects=" or ".join(dict.fromkeys(BY_NAME[kind].target.SUBJECT for kind in _FORMS)),
        encryptions={_USUAL: f"usual ({_usual()})"} | _ENCRYPTIONS,
        intervals=INTERVALS,
        countries=[CountryView(code, country_name(code), form is None or code in form.countries) for code in codes],
        customers=[(str(one.public_id), one.name) for one in customers] if len(customers) > 1 else [],
        locations=[
            ReadyView(here.code, here.name, here.silent_seconds is not None and here.silent_seconds < READY_SECONDS)
            for here in enabled
        ],
        possible=bool(customers),
        problem=None if problem is None else _problem(problem),
    )


def kinds_of(form: NewMonitorForm) -> Kinds:
    """Raises InvalidError."""
    if form.kind not in _FORMS:
        raise InvalidError("kind", f"must be one of {', '.join(_FORMS)}")
    return kinds_of_type(BY_NAME[form.kind].type)


def change_of(form: NewMonitorForm, countries: Sequence[str]) -> MonitorChange:
    """`countries` are those that exist: when all of them are chosen, the monitor is not limited to them, so that later
    ones check it too. Raises InvalidError.
    """
    host = form.hostname.strip()
    if not form.countries:
        raise InvalidError("countries", "must hold at least one country")
    return MonitorChange(
        name=form.name.strip() or host,
        hostname=host,
        port=_port(form.port.strip()),
        interval_seconds=_interval(form.interval),
        allowed_check_country_codes=None if set(form.countries) >= set(countries) else form.countries,
        config=_config(form),
    )


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        raise InvalidError("port", _PORT_RULE)
    return int(text)


def _interval(text: str) -> int:
    for seconds in INTERVALS:
        if text == str(seconds):
            return seconds
    raise InvalidError("interval", f"must be one of {', '.join(map(str, INTERVALS))} seconds")


def _config(form: NewMonitorForm) -> dict[str, Any]:
    configs = _FORMS[form.kind].configs
    if form.encryption not in configs:
        raise InvalidError("encryption", f"must be one of {', '.join(configs)}")
    return configs[form.encryption]


def _usual() -> str:
    """What is usual, by kind; kinds of which it is the same stand together, and the last ones without their names."""
    known: dict[str, list[str]] = {}
    for kind, form in _FORMS.items():
        known.setdefault(form.usual, []).append(BY_NAME[kind].label)
    *others, last = known.items()
    return (
        "".join(f"{', '.join(labels)}: {words}; " for words, labels in others) + ("else " if others else "") + last[0]
    )


def _problem(error: InvalidError) -> ProblemView:
    field = _FIELDS.get(error.field, error.field)
    known = {one.name for one in msgspec.structs.fields(NewMonitorForm)}
    return ProblemView(field if field in known else "", str(error).replace(error.field, field, 1))
