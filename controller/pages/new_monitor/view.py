"""What the form shows, and the monitor that it stands for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from controller.errors import InvalidError
from controller.kinds.imap_pop import IMAP_POP
from controller.kinds.smtp import SMTP
from controller.model import Customer, MonitorChange
from controller.model.values.countries import country_name
from controller.operations.monitors.monitors import Kinds
from controller.operations.overview.overview import LocationContactState
from shared.wire.messages import READY_SECONDS
from shared.wire.targets import KINDS

ENCRYPTIONS = {
    "usual": "usual (SMTP: STARTTLS if offered; else TLS)",
    "tls": "TLS from the first byte",
    "starttls": "STARTTLS, required",
    "none": "none",
}
_SMTP: dict[str, dict[str, Any]] = {
    "usual": {},
    "tls": {"secure": True},
    "starttls": {"requireTls": True},
    "none": {"ignoreTls": True},
}
_IMAP_POP: dict[str, dict[str, Any]] = {
    "usual": {"tls": True},
    "tls": {"tls": True},
    "starttls": {"starttls": "required"},
    "none": {},
}
INTERVALS = {60: "every minute", 300: "every 5 minutes", 900: "every 15 minutes", 1800: "every 30 minutes"}
_PORT_RULE = "must be a number from 1 to 65535, or empty for the usual one"
_FIELDS = {"allowedCheckCountryCodes": "countries", "timeoutSeconds": "interval", "customerId": "customer"}
"""Fields of a monitor whose names differ in the form."""


class NewMonitorForm(msgspec.Struct, kw_only=True):
    """As submitted: texts. `customer` is a public id, empty where there is only one."""

    kind: str = "smtp"
    hostname: str = ""
    port: str = ""
    encryption: str = "usual"
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
    """`customers` is empty where there is nothing to choose. `possible` is false without any customer."""

    form: NewMonitorForm
    kinds: tuple[str, ...]
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
        kinds=KINDS,
        encryptions=ENCRYPTIONS,
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
    if form.kind not in KINDS:
        raise InvalidError("kind", f"must be one of {', '.join(KINDS)}")
    return SMTP if form.kind in SMTP else IMAP_POP


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
    if form.encryption not in ENCRYPTIONS:
        raise InvalidError("encryption", f"must be one of {', '.join(ENCRYPTIONS)}")
    if form.kind in SMTP:
        return _SMTP[form.encryption]
    return {"protocol": form.kind} | _IMAP_POP[form.encryption]


def _problem(error: InvalidError) -> ProblemView:
    field = _FIELDS.get(error.field, error.field)
    known = {one.name for one in msgspec.structs.fields(NewMonitorForm)}
    return ProblemView(field if field in known else "", str(error).replace(error.field, field, 1))
