"""The names of the form's fields, and the way from a refusal to the field that is to blame. Pure.

A field of the target has its name there (`host`, `slow_after_ms`). A login has several fields: see `LoginNames`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from controller.errors import DomainError, InvalidError, InvalidFieldsError
from controller.http.monitors.settable import SettableMonitor
from controller.kinds import BY_NAME
from controller.kinds.forms import InputKind, KindForm, TypedField, typed_fields
from controller.kinds.kind import MonitorKind
from controller.kinds.typed import TARGET
from controller.pages.shell.problems import problems_of
from shared.wire.targets.base import ONLY_LOGIN

COMMON = (
    *("interval", "timeout", "rotate_locations", "locations_per_round", "retry_on_failure", "notify_on_error"),
    *("notification_email", "notification_phone", "notes", "project", "external_key", "home_location"),
)
"""Fields of a monitor of any kind that hold one value."""
OTHERS = ("kind", "name", "customer", "countries", "labels", "locations", "depends_on", "find")
LISTS = frozenset({"countries", "depends_on"})
"""Fields that hold several values."""
WHOLE = "whole"
"""A form that has all fields says so by this one: then a box that is not sent is one without a tick."""
DRAW = "draw"
"""The buttons that draw the form anew, for another kind or with monitors that were found (FIND), and store nothing."""
FIND = "find"
OF_KIND = "of_kind"
"""The kind that the form was drawn for. For another one it is drawn anew before anything is stored."""
VERSION = "version"
"""Which state of a monitor the form was drawn from."""


class LoginNames(NamedTuple):
    """The fields of one login. `secret` says what is done with a stored one: `keep`, `replace` or `remove`; a
    form of a monitor that has none says `none`.
    """

    user: str
    secret: str
    password: str
    access_token: str


@lru_cache
def login_names(login: str) -> LoginNames:
    """A kind's only login needs no name of its own."""
    before = "" if login == ONLY_LOGIN else f"{login}_"
    return LoginNames(f"{before}user", f"{before}secret", f"{before}password", f"{before}access_token")


def form_of_kind(kind: MonitorKind) -> KindForm:
    """Raises InvalidError for a kind that the form does not offer."""
    if kind.form is None:
        raise InvalidError("kind", f"must be one of {', '.join(offered())}")
    return kind.form


def offered() -> list[str]:
    """The kinds that have a form."""
    return [name for name, kind in BY_NAME.items() if kind.form is not None]


def common_fields() -> Iterator[TypedField]:
    fields = typed_fields(SettableMonitor)
    return (fields[name] for name in COMMON)


def target_names(kind: MonitorKind) -> Iterator[str]:
    """The names of all fields that the target has in the form."""
    for one in typed_fields(kind.typed).values():
        if one.input is InputKind.LOGIN:
            yield from login_names(one.name)
        else:
            yield one.name


def known_names(kind: MonitorKind) -> frozenset[str]:
    return frozenset({*OTHERS, *COMMON, *target_names(kind), WHOLE, DRAW, OF_KIND, VERSION})


def form_problems(error: DomainError, kind: MonitorKind) -> dict[str, str]:
    """What is wrong, by the form's fields, from a refusal in the names of our own API."""
    if not error.fields:
        return problems_of(error, ())
    names = _names(kind)
    renamed = [InvalidError(_renamed(one.field, names), _plain(one.rule)) for one in error.fields]
    return problems_of(InvalidFieldsError(renamed), known_names(kind))


def _names(kind: MonitorKind) -> dict[str, str]:
    names = {one.sent_as: one.name for one in common_fields()} | {"customerId": "customer", "dependsOn": "depends_on"}
    for one in typed_fields(kind.typed).values():
        path = f"{TARGET}.{one.sent_as}"
        if one.input is not InputKind.LOGIN:
            names[path] = one.name
            continue
        fields = login_names(one.name)
        names |= {path: fields.password, f"{path}.user": fields.user, f"{path}.password": fields.password}
        names[f"{path}.accessToken"] = fields.access_token
    return names


def _renamed(field: str, names: dict[str, str]) -> str:
    """A field inside a value, such as one label, counts as the value."""
    whole = field.partition("[")[0]
    outer = whole.partition(".")[0]
    return names.get(whole) or names.get(outer) or (outer if outer in OTHERS else field)


def _plain(rule: str) -> str:
    """A form has no null: there it is an empty field."""
    return rule.replace(", or null", ", or empty").replace(" or null", ", or empty").replace("an integer", "a number")
