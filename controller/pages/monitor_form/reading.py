"""A submitted form of a monitor as the values that it stands for. Pure.

The texts become a body of our own API, so that every rule is the API's, and is checked by the same code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from controller.errors import InvalidError, InvalidFieldsError, noting
from controller.http.bodies import convert_ours
from controller.http.documents.mistakes import mistakes_in
from controller.http.monitors.settable import SettableMonitor
from controller.kinds import kind_named
from controller.kinds.forms import InputKind, TypedField, typed_fields
from controller.kinds.kind import MonitorKind
from controller.kinds.typed import TARGET, TypedTarget
from controller.pages.monitor_form.labels import labels_of
from controller.pages.monitor_form.names import (
    DRAW,
    FIND,
    LISTS,
    OF_KIND,
    WHOLE,
    common_fields,
    form_of_kind,
    known_names,
    login_names,
    offered,
)

USUAL_INTERVAL = 60

Fields = Mapping[str, Sequence[str]]
"""The texts of a form by the names of its fields."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a form says. The secrets of `target` are in clear where somebody typed them; a secret that is stored and
    stays is left out. `countries` None: the form does not name any.
    """

    body: SettableMonitor
    target: TypedTarget
    countries: list[str] | None
    interval: int | None
    timeout: int | None


def kind_of(fields: Fields) -> MonitorKind:
    """The chosen kind; without one the first. Raises InvalidError."""
    name = text_of(fields, "kind") or offered()[0]
    kind = kind_named(name)
    form_of_kind(kind)
    return kind


def text_of(fields: Fields, name: str) -> str:
    """The text of a field without the spaces around it; empty when it was not sent."""
    given = fields.get(name, ())
    return given[0].strip() if given else ""


def reading_of(fields: Fields) -> Reading:
    """Raises InvalidFieldsError in the names of our own API (`target.host`, `countries`), for every mistake of the
    form; `names.form_problems` says to which of its fields each belongs. The customer is not looked at.
    """
    kind, problems = kind_of(fields), list[InvalidError]()
    known = known_names(kind)
    for name, given in fields.items():
        if name not in known:
            problems.append(InvalidError(name[:50], "is not a field of this form"))
        elif len(given) > 1 and name not in LISTS:
            problems.append(InvalidError(name, "must be given once"))
    document = _common(fields, kind)
    document["locations"] = text_of(fields, "locations").replace(",", " ").split()
    document["dependsOn"] = list(fields.get("depends_on", ()))
    with noting(problems):
        document["labels"] = labels_of(text_of(fields, "labels"))
    if "countries" in fields or WHOLE in fields:
        document["countries"] = [code for code in fields.get("countries", ()) if code]
        if "countries" not in fields:
            problems.append(InvalidError("countries", "must hold at least one country"))
    document[TARGET] = _target(fields, kind, problems)
    if not document.get("name"):
        document["name"] = _usual_name(document[TARGET], kind)
    problems += mistakes_in(document, SettableMonitor)
    if problems:
        raise InvalidFieldsError(problems)
    body = convert_ours(document, SettableMonitor)
    target = body.target
    assert not isinstance(target, UnsetType)  # noqa: S101 - the document has one
    return Reading(
        body=body,
        target=target,
        countries=body.countries or None,
        interval=_or_none(body.interval),
        timeout=_or_none(body.timeout),
    )


def is_of_another_kind(fields: Fields) -> bool:
    """Whether the form must be drawn anew: its fields are those of another kind than the chosen one."""
    drawn_for = text_of(fields, OF_KIND)
    return DRAW in fields or (drawn_for != "" and drawn_for != kind_of(fields).name)


def is_search(fields: Fields) -> bool:
    """Whether the form is drawn anew to show monitors that were searched for."""
    return text_of(fields, DRAW) == FIND


def usual_interval(kind: MonitorKind) -> int:
    """The seconds between checks that the form proposes."""
    return max(USUAL_INTERVAL, kind.shortest_interval_seconds)


def _common(fields: Fields, kind: MonitorKind) -> dict[str, Any]:
    found = {one.sent_as: _value(one, fields) for one in common_fields()}
    document = {name: value for name, value in found.items() if value is not UNSET}
    document.setdefault("interval", usual_interval(kind))
    name = text_of(fields, "name")
    return document | ({"name": name} if name else {})


def _target(fields: Fields, kind: MonitorKind, problems: list[InvalidError]) -> dict[str, Any]:
    target: dict[str, Any] = {"kind": kind.name}
    for one in typed_fields(kind.typed).values():
        value = UNSET
        if one.input is InputKind.LOGIN:
            with noting(problems):
                value = _login(one, fields)
        else:
            value = _value(one, fields)
        if value is not UNSET:
            target[one.sent_as] = value
    return target


def _value(one: TypedField, fields: Fields) -> Any:
    """As JSON has it, and as it was typed where it is no such value: then it is refused. UNSET: as usual."""
    if one.input is InputKind.BOX:
        return bool(text_of(fields, one.name)) if one.name in fields or WHOLE in fields else UNSET
    text = text_of(fields, one.name).replace("\r\n", "\n")
    if not text:
        return None if one.nullable else UNSET
    if one.input is InputKind.NUMBER and text.isascii() and text.isdigit() and len(text) < 20:
        return int(text)
    return text


def _login(one: TypedField, fields: Fields) -> Any:
    """UNSET: none for a new monitor. Raises InvalidError."""
    names, path = login_names(one.name), f"{TARGET}.{one.sent_as}"
    user, stored = text_of(fields, names.user), text_of(fields, names.secret)
    typed = {
        sent_as: given[0]
        for sent_as, name in (("password", names.password), ("accessToken", names.access_token))
        if (given := fields.get(name)) and given[0]
    }
    if len(typed) > 1:
        raise InvalidError(f"{path}.accessToken", "must be empty when a password is given: a login has one of both")
    if stored == "remove":
        if typed:
            raise InvalidError(f"{path}.{next(iter(typed))}", "must be empty when the login is removed")
        return None
    if stored not in ("", "none", "keep", "replace"):
        raise InvalidError(f"{path}.password", "must be kept, replaced or removed")
    if stored == "none" and not (user or typed):
        return None
    if not typed and stored != "keep":
        if user or stored:
            raise InvalidError(f"{path}.password", "is required: without it the check cannot log in")
        return UNSET
    if not user:
        raise InvalidError(f"{path}.user", "is required with a password or an access token")
    return {"user": user, **typed}


def _usual_name(target: Mapping[str, Any], kind: MonitorKind) -> str:
    """What the target cannot do without: its host, or its domain. A form without it is refused for that."""
    names = (one.sent_as for one in typed_fields(kind.typed).values() if one.required)
    return next((str(target[name]) for name in names if name in target), "–")


def _or_none(value: int | UnsetType) -> int | None:
    return None if isinstance(value, UnsetType) else value
