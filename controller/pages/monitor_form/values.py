"""What the form's fields hold: what is usual, what is stored, and what somebody typed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from controller.decisions.monitors.monitors import DEFAULT_TIMEOUT_SECONDS
from controller.http.monitors.targets import target_answer
from controller.kinds import BY_NAME, kind_named
from controller.kinds.forms import InputKind, typed_fields
from controller.kinds.kind import MonitorKind
from controller.kinds.typed import TargetLogin
from controller.model import Monitor
from controller.operations.monitors.dependencies import LinkedMonitor
from controller.pages.monitor_form.labels import lines_of
from controller.pages.monitor_form.names import (
    FIND,
    LISTS,
    OF_KIND,
    OTHERS,
    WHOLE,
    common_fields,
    known_names,
    login_names,
)
from controller.pages.monitor_form.reading import Fields, text_of, usual_interval
from controller.pages.shell import versions

Values = dict[str, Any]
"""By the names of the fields a text each; those in LISTS a list. A box with a tick is `on`. Passwords are not in it."""

_OF_MONITORS = {
    "interval": "interval_seconds",
    "timeout": "timeout_seconds",
    "notification_phone": "notification_phone_number",
}
_KEEP, _NONE = "keep", "none"


def usual_values(kind: MonitorKind) -> Values:
    """The form of a new monitor."""
    values: Values = {name: [] if name in LISTS else "" for name in OTHERS} | {"kind": kind.name}
    for one in common_fields():
        values[one.name] = _text(one.usual)
    for one in typed_fields(kind.typed).values():
        if one.input is InputKind.LOGIN:
            names = login_names(one.name)
            values |= {names.user: "", names.secret: ""}
        else:
            values[one.name] = _text(one.usual)
    return values | {"interval": str(usual_interval(kind))}


def stored_values(monitor: Monitor, codes: Mapping[int, str], parents: Sequence[LinkedMonitor]) -> Values:
    """The form of a monitor as it is stored, with the `codes` of all locations and the `parents` on which it depends. A
    target that this version does not understand leaves the usual values.
    """
    kind = kind_named(monitor.kind)
    values = usual_values(kind) | {"name": monitor.name, "labels": lines_of(monitor.labels)}
    values["countries"] = list(monitor.allowed_check_country_codes or ())
    values["depends_on"] = [str(one.public_id) for one in parents]
    values["locations"] = ", ".join(codes[number] for number in monitor.location_ids or () if number in codes)
    for one in common_fields():
        if one.name != "home_location":
            values[one.name] = _text(getattr(monitor, _OF_MONITORS.get(one.name, one.name)))
    if monitor.timeout_seconds == min(DEFAULT_TIMEOUT_SECONDS, monitor.interval_seconds):
        values["timeout"] = ""
    values["home_location"] = codes.get(monitor.home_location_id or 0, "")
    target = target_answer(monitor)
    for one in typed_fields(kind.typed).values():
        if one.input is InputKind.LOGIN:
            names, login = login_names(one.name), getattr(target, one.name, None)
            values |= {names.user: "", names.secret: _NONE}
            if isinstance(login, TargetLogin):
                values[names.user] = login.user
                values[names.secret] = _KEEP if login.has_password or login.has_access_token else _NONE
        elif target is not None:
            values[one.name] = _text(getattr(target, one.name))
    return values


def copied_values(monitor: Monitor, codes: Mapping[int, str], parents: Sequence[LinkedMonitor]) -> Values:
    """The form of a new monitor like this one. Secrets stay where they are, and a program's key means one monitor."""
    values = stored_values(monitor, codes, parents)
    secrets = dict.fromkeys(secret_names(kind_named(monitor.kind)), "")
    return values | secrets | {"name": f"{monitor.name} (copy)"[:255], "project": "", "external_key": ""}


def typed_values(fields: Fields, kind: MonitorKind) -> Values:
    """The form as somebody typed it, as usual where it says nothing, and where it says what was usual for the kind that
    it was drawn for.
    """
    values, boxes = usual_values(kind), box_names(kind)
    before = BY_NAME.get(text_of(fields, OF_KIND))
    usual: Values = {}
    if before is not None and before is not kind:
        usual, boxes = usual_values(before), boxes & box_names(before)
    for name in values:
        if name in LISTS:
            values[name] = list(fields.get(name, ()))
            continue
        if name in boxes and WHOLE in fields:
            typed = "on" if any(fields.get(name, ())) else ""  # a box without a tick is not sent
        elif name in fields:
            typed = fields[name][0]
        else:
            continue
        if name not in usual or typed != usual[name]:
            values[name] = typed
    return values | {"kind": kind.name}


def without_secrets(fields: dict[str, list[str]]) -> dict[str, list[str]]:
    """What an address may say of a form."""
    kinds = [kind_named(name) for name in fields.get("kind", ())[:1]]
    secret = {name for kind in kinds for name in _typed_secrets(kind)} | {"password", "access_token"}
    return {name: given for name, given in fields.items() if name not in secret}


def secret_names(kind: MonitorKind) -> set[str]:
    """The fields that say what is done with stored secrets."""
    return {login_names(one.name).secret for one in typed_fields(kind.typed).values() if one.input is InputKind.LOGIN}


def differing(values: Values, other: Values, kind: MonitorKind) -> list[str]:
    """The fields in which two forms differ, without those about secrets."""
    left_out = secret_names(kind) | {"customer", FIND}
    known = known_names(kind) - left_out
    return versions.differing({name: value for name, value in values.items() if name in known}, other)


def _typed_secrets(kind: MonitorKind) -> set[str]:
    logins = [login_names(one.name) for one in typed_fields(kind.typed).values() if one.input is InputKind.LOGIN]
    return {name for login in logins for name in (login.password, login.access_token)}


def box_names(kind: MonitorKind) -> set[str]:
    every = [*common_fields(), *typed_fields(kind.typed).values()]
    return {one.name for one in every if one.input is InputKind.BOX}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, Enum):
        return str(value.value)
    return "" if value is None else str(value)
