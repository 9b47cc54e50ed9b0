"""What the form of a monitor offers for each kind, and the target that it stands for."""

from __future__ import annotations

from typing import Any

import pytest

from controller.errors import InvalidError
from controller.kinds import BY_NAME, kind_named
from controller.kinds.forms import InputKind, typed_fields
from controller.kinds.kind import MonitorKind
from controller.kinds.typed import TargetLogin
from controller.pages.monitor_form import names, reading, view
from controller.pages.monitor_form.labels import labels_of, lines_of
from controller.pages.monitor_form.names import common_fields, form_problems, known_names, login_names, offered
from controller.pages.monitor_form.reading import Fields, reading_of
from controller.pages.monitor_form.values import typed_values, usual_values
from controller.pages.monitor_form.view import Around, form_view
from tests.fakes.kinds import PAIR, ZONE

NOTHING = Around(locations=(), customers=())
OFFERED = [kind for kind in BY_NAME.values() if kind.form is not None]
OTHER: dict[str, dict[str, Any]] = {
    "host": {"typed": "mx.example.com", "means": "mx.example.com"},
    "port": {"typed": "2525", "means": 2525},
    "tls": {"typed": "none", "means": "none"},
    "verify_certificate": {"typed": "", "means": False},
    "certificate_warning_days": {"typed": "30", "means": 30},
    "ip_family": {"typed": "ipv6", "means": "ipv6"},
    "slow_after_ms": {"typed": "2500", "means": 2500},
    "address": {"typed": "2001:db8::25", "means": "2001:db8::25"},
    "ehlo_name": {"typed": "probe.example.com", "means": "probe.example.com"},
    "mail_from": {"typed": "a@example.com", "means": "a@example.com"},
    "rcpt_to": {"typed": "b@example.com", "means": "b@example.com"},
    "mailbox": {"typed": "Archive", "means": "Archive"},
}
"""For each field of a target what somebody types, which is not what is usual."""


def ids(kind: MonitorKind) -> str:
    return kind.name


def filled(kind: MonitorKind, **others: str) -> Fields:
    """A form as a browser sends it: boxes without a tick are not there."""
    values = usual_values(kind) | {"host": "mx.example.com"} | others
    del values["countries"]
    return {"whole": ["on"], "countries": ["DE"], **{name: [text] for name, text in values.items() if text}}


def problems_with(fields: Fields) -> dict[str, str]:
    with pytest.raises(InvalidError) as found:
        reading_of(fields)
    return form_problems(found.value, reading.kind_of(fields))


def test_it_offers_the_kinds_that_have_a_form() -> None:
    assert offered() == ["smtp", "imap", "pop3"]
    assert form_view(OFFERED[0], usual_values(OFFERED[0]), NOTHING).subjects == "mail server"


@pytest.mark.parametrize("kind", [*OFFERED, ZONE], ids=ids)
def test_a_form_has_every_field_of_the_target_once(kind: MonitorKind) -> None:
    assert kind.form is not None
    assert sorted(one.name for one in kind.form.fields) == sorted(typed_fields(kind.typed))
    shown = form_view(kind, usual_values(kind), NOTHING)
    for field in (field for group in shown.groups for field in group.fields if field.input == "choice"):
        assert sum(words.endswith("(usual)") for _, words in field.options) == 1, field.name


@pytest.mark.parametrize("kind", OFFERED, ids=ids)
def test_a_choice_has_words_for_every_value(kind: MonitorKind) -> None:
    assert kind.form is not None
    for one in kind.form.fields:
        usual = typed_fields(kind.typed)[one.name].usual
        if typed_fields(kind.typed)[one.name].input is InputKind.CHOICE:
            assert set(one.words) == {value.value for value in type(usual)}


@pytest.mark.parametrize("kind", OFFERED, ids=ids)
def test_an_untouched_form_is_a_usual_monitor(kind: MonitorKind) -> None:
    read = reading_of(filled(kind))
    assert read.target == kind.typed(host="mx.example.com")
    assert (read.body.name, read.interval, read.timeout) == ("mx.example.com", 60, None)
    assert read.countries == ["DE"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in OFFERED for name in typed_fields(kind.typed) if name != "login"],
    ids=lambda value: getattr(value, "name", value),
)
def test_every_field_of_a_target_comes_back_as_it_was_typed(kind: MonitorKind, name: str) -> None:
    fields = filled(kind, **{name: OTHER[name]["typed"]})
    target = reading_of(fields).target
    assert getattr(target, name) == OTHER[name]["means"]
    assert typed_values(fields, kind)[name] == OTHER[name]["typed"]
    shown = form_view(kind, typed_values(fields, kind), NOTHING)
    group = next(group for group in shown.groups if name in {field.name for field in group.fields})
    assert group.open, "it is not usual, so it is not folded in"


@pytest.mark.parametrize("other", OFFERED, ids=ids)
@pytest.mark.parametrize("kind", OFFERED, ids=ids)
def test_another_kind_is_as_usual_where_nothing_was_typed(kind: MonitorKind, other: MonitorKind) -> None:
    """A tick too: without that of the verification any certificate would be accepted."""
    fields = {**filled(kind), "kind": [other.name], "of_kind": [kind.name]}
    usual, typed = usual_values(other), typed_values(fields, other)
    boxes = [one.name for one in common_fields() if one.input is InputKind.BOX]
    assert {name: typed[name] for name in boxes} == {name: usual[name] for name in boxes}
    assert typed.get("verify_certificate") == usual.get("verify_certificate")


@pytest.mark.parametrize("other", OFFERED, ids=ids)
def test_a_tick_that_was_taken_away_stays_away_for_another_kind(other: MonitorKind) -> None:
    fields = {**filled(kind_named("smtp")), "kind": [other.name], "of_kind": ["smtp"]}
    del fields["notify_on_error"]
    assert typed_values(fields, other)["notify_on_error"] == ""


@pytest.mark.parametrize("kind", OFFERED, ids=ids)
def test_a_login_is_read_in_clear_and_never_shown(kind: MonitorKind) -> None:
    fields = filled(kind, user="probe", password=" pass word ")
    login = getattr(reading_of(fields).target, "login")  # noqa: B009 - of any kind
    assert login == TargetLogin(user="probe", password=" pass word ")
    assert "pass word" not in str(typed_values(fields, kind))
    token = getattr(reading_of(filled(kind, user="probe", access_token="t")).target, "login")  # noqa: B009
    assert token == TargetLogin(user="probe", access_token="t")


@pytest.mark.parametrize(
    ("typed", "problems"),
    [
        ({"user": "probe"}, {"password": "is required: without it the check cannot log in"}),
        ({"password": "x"}, {"user": "is required with a password or an access token"}),
        (
            {"user": "probe", "password": "x", "access_token": "y"},
            {"access_token": "must be empty when a password is given: a login has one of both"},
        ),
        ({"user": "probe", "secret": "replace"}, {"password": "is required: without it the check cannot log in"}),
        (
            {"user": "probe", "secret": "remove", "password": "x"},
            {"password": "must be empty when the login is removed"},
        ),
        ({"secret": "keep"}, {"user": "is required with a password or an access token"}),
    ],
    ids=str,
)
def test_half_a_login_is_refused_at_its_field(typed: dict[str, str], problems: dict[str, str]) -> None:
    assert problems_with(filled(OFFERED[0], **typed)) == problems


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ({"secret": "keep", "user": "probe"}, TargetLogin(user="probe")),
        ({"secret": "keep", "user": "probe", "password": "x"}, TargetLogin(user="probe", password="x")),
        ({"secret": "remove", "user": "probe"}, None),
        ({"secret": "none"}, None),
    ],
    ids=str,
)
def test_a_stored_secret_is_kept_replaced_or_removed(typed: dict[str, str], means: TargetLogin | None) -> None:
    assert getattr(reading_of(filled(OFFERED[0], **typed)).target, "login") == means  # noqa: B009


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"host": "smtp://x"}, "host", "must be a valid hostname"),
        ({"host": ""}, "host", "is required"),
        ({"port": "smtp"}, "port", "must be a number from 1 to 65535, or empty"),
        ({"tls": "ssl"}, "tls", "must be one of"),
        ({"ehlo_name": "a b"}, "ehlo_name", "must be a host name"),
        ({"rcpt_to": "nobody"}, "rcpt_to", "must be an e-mail address"),
        ({"address": "x"}, "address", "must be an IPv4 or IPv6 address"),
        ({"interval": "5"}, "interval", "must be a number from 10"),
        ({"timeout": "301"}, "timeout", "must be a number from 1 to 300"),
        ({"labels": "a: 1\na: 2"}, "labels", "must not name a key twice: a"),
        ({"labels": "x" * 51}, "labels", "must have keys of 1 to 50"),
        ({"notification_email": "x"}, "notification_email", "must be an e-mail address, or empty"),
        ({"notification_phone": "12"}, "notification_phone", "must be a number as in"),
        ({"locations_per_round": "0"}, "locations_per_round", "must be a number from 1"),
        ({"project": "a b"}, "project", "must be 1 to 100 letters"),
        ({"unknown": "x"}, "", "unknown is not a field of this form"),
    ],
)
def test_a_wrong_value_is_named_at_its_field(typed: dict[str, str], field: str, words: str) -> None:
    problems = problems_with(filled(OFFERED[0], **typed))
    assert list(problems) == [field]
    assert words in problems[field]


def test_an_interval_of_hundreds_of_digits_is_shown_as_it_was_typed() -> None:
    typed = usual_values(OFFERED[0]) | {"interval": "9" * 400}
    assert form_view(OFFERED[0], typed, NOTHING).intervals[0] == ("9" * 400, "9" * 400)


def test_a_kind_without_a_form_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "kind_named", lambda _name: PAIR)
    with pytest.raises(InvalidError, match="kind must be one of smtp, imap, pop3"):
        reading_of({"kind": ["pair"]})


def test_the_short_form_leaves_the_rest_as_usual() -> None:
    read = reading_of({"kind": ["imap"], "host": ["mx.example.com"], "port": ["143"]})
    assert getattr(read.target, "verify_certificate") is True  # noqa: B009
    assert (read.countries, read.body.notify_on_error, read.interval) == (None, True, 60)


def test_a_kind_of_another_shape_is_read_by_the_same_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (names, view):
        monkeypatch.setattr(module, "BY_NAME", {**BY_NAME, ZONE.name: ZONE})
    assert offered()[-1] == "zone"
    assert {"domain", "name", "interval"} <= known_names(ZONE)
    assert [group.fields[0].label for group in form_view(ZONE, usual_values(ZONE), NOTHING).groups] == ["Domain"]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("team: post\r\ncritical", {"team": "post", "critical": ""}),
        ("env=prod", {"env": "prod"}),
        ("url: a=b", {"url": "a=b"}),
        ("", {}),
    ],
)
def test_labels_are_lines(text: str, labels: dict[str, str]) -> None:
    assert labels_of(text) == labels
    assert labels_of(lines_of(labels)) == labels


def test_a_key_with_an_equals_sign_stays_one() -> None:
    assert labels_of(lines_of({"a=b": "", "c=d": "e"})) == {"a=b": "", "c=d": "e"}


def test_all_common_fields_have_a_place_in_the_form() -> None:
    assert {one.name for one in common_fields()} <= usual_values(OFFERED[0]).keys()
    assert login_names("entry").user == "entry_user"
