"""The target of each kind in our own API says all that is stored, and is stored so that it says the same."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import InvalidError
from controller.kinds import BY_NAME, config_field, configured_login, kind_named, target_of
from controller.kinds.typed import TargetLogin, TypedTarget
from controller.kinds.typed_names import in_typed_names
from controller.vault import mask
from shared.wire.targets import KINDS, TlsMode
from tests.unit.controller.kinds.test_targets import monitor

COMMON: dict[str, Any] = {
    "host": st.sampled_from(["mail.example.com", "bücher.example"]),
    "port": st.none() | st.integers(1, 65_535),
    "tls": st.sampled_from([mode.value for mode in TlsMode]),
    "verifyCertificate": st.booleans(),
    "certificateWarningDays": st.integers(0, 3650),
    "ipFamily": st.sampled_from(["any", "ipv4", "ipv6"]),
    "slowAfterMs": st.none() | st.integers(1, 300_000),
    "address": st.sampled_from([None, "192.0.2.1", "2001:db8::1"]),
    "login": st.sampled_from([None, {"user": "u", "password": "p"}, {"user": "u", "accessToken": "t"}]),
}
OWN: dict[str, dict[str, Any]] = {
    "smtp": {
        "ehloName": st.sampled_from([None, "probe.example.com"]),
        "mailFrom": st.sampled_from([None, "a@example.com"]),
        "rcptTo": st.sampled_from([None, "b@example.com"]),
    },
    "imap": {"mailbox": st.sampled_from(["INBOX", "Entwürfe"])},
    "pop3": {},
}


def targets(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: values for name, values in (COMMON | OWN[kind]).items() if name != "host"}
    return st.fixed_dictionaries({"kind": st.just(kind), "host": COMMON["host"]}, optional=fields)


ANY = st.sampled_from(KINDS).flatmap(targets)


def read(document: dict[str, Any]) -> TypedTarget:
    return msgspec.convert(document, kind_named(document["kind"]).typed)


@given(ANY)
def test_what_was_written_reads_the_same(document: dict[str, Any]) -> None:
    typed = read(document)
    written = typed.written()
    target_of(written)
    again = type(typed).of(written, "config")
    expected = msgspec.to_builtins(typed)
    login = expected.pop("login", None)
    found = msgspec.to_builtins(again)
    assert found.pop("login") == (
        login and {"user": "u", "hasPassword": "password" in login, "hasAccessToken": "accessToken" in login}
    )
    assert found == expected


@given(ANY, ANY)
def test_a_target_takes_the_place_of_any_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    old, new = read(before), read(after)
    if kind_named(before["kind"]).type != kind_named(after["kind"]).type:
        return
    written = old.written()
    replaced = new.written(written._replace(config=mask({**written.config, "another": {"size": 1}})))
    assert replaced.config["another"] == {"size": 1}
    fresh = new.written()
    assert target_of(replaced) == target_of(fresh)
    if "login" in after:
        assert configured_login(replaced) == configured_login(fresh)
    else:
        assert (configured_login(replaced) is None) == (configured_login(written) is None)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("smtp", {"secure": "yes", "requireTls": True, "auth": {"pass": "p"}, "tlsOptions": {"servername": "x"}}),
        ("smtp", {"ignoreTls": 1, "warningMs": "500", "certificateWarningDays": 14}),
        ("imap", {"protocol": "IMAP", "tls": 1, "starttls": "Required", "mailbox": "", "ipFamily": "ANY"}),
        ("pop3", {"starttls": None, "user": "", "password": "p"}),
    ],
)
def test_a_stored_config_stays_as_it_is_while_nothing_changes(kind: str, config: dict[str, Any]) -> None:
    stored = monitor(kind, config)
    typed = kind_named(kind).typed.of(stored, "config")
    assert typed.written(stored).config == stored.config


def test_a_login_does_not_show_its_secret() -> None:
    assert "hush" not in repr(TargetLogin(user="u", password="hush"))


@pytest.mark.parametrize("kind", BY_NAME)
def test_every_refusal_names_a_field_of_the_target(kind: str) -> None:
    typed, field = kind_named(kind).typed, config_field(kind)
    names = {one.encode_name for one in msgspec.structs.fields(typed)} | {"kind"}
    for stored, ours in typed.FIELDS.items():
        path = stored if stored in ("hostname", "port") else f"{field}.{stored}"
        renamed = in_typed_names(InvalidError(path, "is wrong"), kind)
        assert renamed.field == f"target.{ours}"
        assert ours.split(".")[0] in names
        assert str(renamed) == f"target.{ours} is wrong"
