"""From the configs of users to the targets of agents: the fields that all kinds share, and the login."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import InvalidError
from controller.kinds import configured_login, kind_for, target_of
from controller.kinds.imap_pop import IMAP_POP
from controller.kinds.smtp import SMTP
from controller.store.monitors.monitors import NewMonitor
from shared.wire.targets import IpFamily

FIELDS = {"smtp": "smtpConfig", "imap": "imapPopConfig", "pop3": "imapPopConfig"}


def monitor(
    kind: str, config: dict[str, Any] | None = None, *, host: str = "mail.example.com", port: int | None = None
) -> NewMonitor:
    return NewMonitor(
        organization_id=1,
        customer_id=1,
        kind=kind,
        hostname=host,
        port=port,
        interval_seconds=60,
        timeout_seconds=30,
        config={"protocol": kind} | (config or {}),
    )


def login(user: Any = None, password: Any = None, token: Any = None, *, kind: str) -> dict[str, Any]:
    """A config with this login, under the names its kind uses."""
    if kind == "smtp":
        return {"auth": {"user": user, "pass": password, "accessToken": token}}
    return {"user": user, "password": password, "accessToken": token}


@pytest.fixture(params=["smtp", "imap", "pop3"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(
    ("options", "verify"),
    [(None, True), ({}, True), ({"rejectUnauthorized": False}, False), ({"rejectUnauthorized": "0"}, False)],
)
def test_the_certificate_is_verified_by_default(kind: str, options: dict[str, Any] | None, verify: bool) -> None:
    [server] = target_of(monitor(kind, {"tlsOptions": options})).endpoints
    assert server.verify_certificate is verify


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(
            {}, (IpFamily.ANY, None, 14), id="by default any address family, never slow, warned two weeks ahead"
        ),
        pytest.param(
            {"ipFamily": "ipv6", "warningMs": 500, "certificateWarningDays": 30},
            (IpFamily.IPV6, 500, 30),
            id="as given",
        ),
        pytest.param(
            {"ipFamily": " IPv4 ", "warningMs": "500", "certificateWarningDays": 7.0},
            (IpFamily.IPV4, 500, 7),
            id="words may be in any case, numbers in quotes or with a point",
        ),
        pytest.param(
            {"ipFamily": None, "warningMs": None, "certificateWarningDays": None},
            (IpFamily.ANY, None, 14),
            id="null is the default",
        ),
        pytest.param({"certificateWarningDays": 0}, (IpFamily.ANY, None, 0), id="no warning before the last day"),
    ],
)
def test_every_kind_knows_family_slowness_and_days(
    kind: str, config: dict[str, Any], expected: tuple[IpFamily, int | None, int]
) -> None:
    [target] = target_of(monitor(kind, config)).endpoints
    assert (target.ip_family, target.warning_ms, target.certificate_warning_days) == expected


@pytest.mark.parametrize(
    ("config", "field", "rule"),
    [
        ({"ipFamily": "ipv5"}, "ipFamily", "must be one of any, ipv4, ipv6"),
        ({"ipFamily": 6}, "ipFamily", "must be one of"),
        ({"warningMs": 0}, "warningMs", "must be a whole number from 1 to 300000"),
        ({"warningMs": 300_001}, "warningMs", "must be a whole number"),
        ({"warningMs": 1.5}, "warningMs", "must be a whole number"),
        ({"warningMs": True}, "warningMs", "must be a whole number"),
        ({"warningMs": "soon"}, "warningMs", "must be a whole number"),
        ({"warningMs": "²"}, "warningMs", "must be a whole number"),
        ({"warningMs": "9" * 5000}, "warningMs", "must be a whole number"),
        ({"certificateWarningDays": -1}, "certificateWarningDays", "must be a whole number from 0 to 3650"),
        ({"certificateWarningDays": 3651}, "certificateWarningDays", "must be a whole number"),
        ({"certificateWarningDays": []}, "certificateWarningDays", "must be a whole number"),
        ({"tlsOptions": True}, "tlsOptions", "must be an object"),
        ({"tlsOptions": {"rejectUnauthorized": "x"}}, "tlsOptions.rejectUnauthorized", "must be true or false"),
    ],
)
def test_what_cannot_be_coerced_is_refused_by_field_and_rule(
    kind: str, config: dict[str, Any], field: str, rule: str
) -> None:
    with pytest.raises(InvalidError) as caught:
        target_of(monitor(kind, config))
    assert caught.value.field == f"{FIELDS[kind]}.{field}"
    assert rule in caught.value.rule


@pytest.mark.parametrize(("host", "family"), [("192.0.2.1", "ipv6"), ("2001:db8::1", "ipv4")])
def test_a_family_against_the_address_is_refused(kind: str, host: str, family: str) -> None:
    target_of(monitor(kind, {"ipFamily": "any"}, host=host))
    with pytest.raises(InvalidError, match="ipFamily"):
        target_of(monitor(kind, {"ipFamily": family}, host=host))


@pytest.mark.parametrize(
    ("user", "password", "token", "expected"),
    [
        pytest.param("u", "p", None, ("u", "p", False), id="user and password"),
        pytest.param("u", None, "t", ("u", "t", True), id="user and access token"),
        pytest.param("u", "p", "t", ("u", "t", True), id="the token goes before the password"),
        pytest.param("u", "p", "", ("u", "p", False), id="an empty token is none"),
        pytest.param("u", None, None, None, id="no password"),
        pytest.param("u", "", "", None, id="an empty password"),
        pytest.param(None, "p", None, None, id="no user"),
        pytest.param("", "p", "t", None, id="an empty user"),
        pytest.param(None, None, None, None, id="nothing"),
    ],
)
def test_a_login_takes_both_user_and_secret(
    kind: str, user: Any, password: Any, token: Any, expected: tuple[str, str, bool] | None
) -> None:
    assert configured_login(monitor(kind, login(user, password, token, kind=kind))) == expected


@pytest.mark.parametrize("end", ["\r", "\n", "\0"], ids=["CR", "LF", "NUL"])
@pytest.mark.parametrize("name", ["user", "password", "token"])
def test_a_line_break_or_nul_in_a_login_is_refused_by_its_field(kind: str, name: str, end: str) -> None:
    """The server would refuse a password that was pasted with its line end, again and again."""
    values = {"user": "u", "password": "p"} | {name: f"a{end}b"}
    with pytest.raises(InvalidError) as caught:
        target_of(monitor(kind, login(kind=kind, **values)))
    names = {"user": "user", "password": "pass" if kind == "smtp" else "password", "token": "accessToken"}
    section = f"{FIELDS[kind]}.auth" if kind == "smtp" else FIELDS[kind]
    assert caught.value.field == f"{section}.{names[name]}"
    assert f"a{end}b" not in str(caught.value)


def test_what_separates_the_fields_of_xoauth2_is_refused_beside_a_token_only(kind: str) -> None:
    target_of(monitor(kind, login("u", "a\1b", kind=kind)))
    for user, token in (("a\1b", "t"), ("u", "a\1b")):
        with pytest.raises(InvalidError, match="control characters"):
            target_of(monitor(kind, login(user, None, token, kind=kind)))


@pytest.mark.parametrize("wrong", [1, True, ["p"], {"p": 1}])
def test_a_login_that_is_no_text_is_refused(kind: str, wrong: object) -> None:
    with pytest.raises(InvalidError, match="must be a string"):
        target_of(monitor(kind, login("u", wrong, kind=kind)))


def test_a_kind_without_a_probe_is_refused() -> None:
    with pytest.raises(InvalidError, match="ldap"):
        target_of(monitor("ldap"))


@pytest.mark.parametrize(
    ("kinds", "config", "kind"),
    [
        (SMTP, {"protocol": "pop3"}, "smtp"),
        (IMAP_POP, {}, "imap"),
        (IMAP_POP, {"protocol": None}, "imap"),
        (IMAP_POP, {"protocol": "POP3"}, "pop3"),
        (("pop3",), {"protocol": "pop3"}, "pop3"),
    ],
)
def test_the_config_determines_the_kind(kinds: tuple[str, ...], config: dict[str, Any], kind: str) -> None:
    assert kind_for(kinds, config) == kind


@pytest.mark.parametrize(
    ("kinds", "config", "rule"),
    [
        (IMAP_POP, {"protocol": "smtp"}, "must be one of imap, pop3"),
        (IMAP_POP, {"protocol": 3}, "must be one of imap, pop3"),
        (("pop3",), {}, "must be pop3"),
    ],
)
def test_a_protocol_of_another_type_is_refused(kinds: tuple[str, ...], config: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidError, match=rule) as caught:
        kind_for(kinds, config)
    assert caught.value.field == "imapPopConfig.protocol"


KEYS = st.sampled_from(
    ["protocol", "tls", "starttls", "user", "password", "accessToken", "mailbox", "secure", "ignoreTls", "requireTls",
     "auth", "pass", "tlsOptions", "rejectUnauthorized", "ipFamily", "warningMs", "certificateWarningDays", "ehloName",
     "mailFrom", "rcptTo", "x"]
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["true", "0", "imap", "pop3", "ipv6", "never", "required", "a@example.com", "14", "[::1]"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=8), st.sampled_from(["smtp", "imap", "pop3"]))
def test_any_config_makes_a_target_or_is_refused_by_a_field_of_it(config: dict[str, Any], kind: str) -> None:
    """A target reaches the agent unchanged, and no command can be put into it."""
    target = refused = None
    try:
        target = target_of(monitor(kind, config))
    except InvalidError as error:
        refused = error
    if target is None:
        assert refused
        assert refused.field.startswith(f"{FIELDS[kind]}.")
        return
    assert msgspec.json.decode(msgspec.json.encode(target), type=type(target)) == target
    texts = [value for value in msgspec.structs.astuple(target) if isinstance(value, str)]
    assert not [text for text in texts if set(text) & set("\r\n\0")]
