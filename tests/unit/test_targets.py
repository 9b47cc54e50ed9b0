from __future__ import annotations

from typing import Any

import pytest

from controller.decisions.targets import smtp_login, smtp_target, target_of
from controller.errors import InvalidError
from controller.store.monitors import NewMonitor
from shared.targets import SmtpTarget, TlsMode


@pytest.mark.parametrize(
    ("port", "config", "expected_port", "tls"),
    [
        pytest.param(None, {}, 25, TlsMode.OPPORTUNISTIC, id="nothing said: port 25, STARTTLS when offered"),
        pytest.param(None, {"secure": True}, 465, TlsMode.IMPLICIT, id="secure: port 465, TLS from the first byte"),
        pytest.param(2525, {"secure": True}, 2525, TlsMode.IMPLICIT, id="a port given wins"),
        pytest.param(None, {"ignoreTls": True}, 25, TlsMode.NONE, id="ignoreTls: none"),
        pytest.param(587, {"requireTls": True}, 587, TlsMode.REQUIRED, id="requireTls: required"),
        pytest.param(
            None, {"secure": 1, "ignoreTls": "1", "requireTls": 1}, 465, TlsMode.IMPLICIT, id="secure mutes the flags"
        ),
        pytest.param(None, {"secure": "true"}, 465, TlsMode.IMPLICIT, id="'true' is true"),
        pytest.param(None, {"secure": "TRUE "}, 465, TlsMode.IMPLICIT, id="in any case"),
        pytest.param(None, {"secure": "1"}, 465, TlsMode.IMPLICIT, id="'1' is true"),
        pytest.param(None, {"secure": 0}, 25, TlsMode.OPPORTUNISTIC, id="0 is false"),
        pytest.param(None, {"secure": "false"}, 25, TlsMode.OPPORTUNISTIC, id="'false' is false"),
        pytest.param(None, {"secure": None}, 25, TlsMode.OPPORTUNISTIC, id="null is the default"),
    ],
)
def test_a_config_makes_port_and_tls(
    port: int | None, config: dict[str, Any], expected_port: int, tls: TlsMode
) -> None:
    assert smtp_target("mail.example.com", port, config) == SmtpTarget(
        host="mail.example.com", port=expected_port, tls=tls
    )


@pytest.mark.parametrize(
    ("options", "verify"),
    [(None, True), ({}, True), ({"rejectUnauthorized": False}, False), ({"rejectUnauthorized": "0"}, False)],
)
def test_the_certificate_is_verified_unless_told_otherwise(options: dict[str, Any] | None, verify: bool) -> None:
    assert smtp_target("mail.example.com", None, {"tlsOptions": options}).verify_certificate is verify


@pytest.mark.parametrize(
    ("config", "field", "rule"),
    [
        ({"secure": "maybe"}, "smtpConfig.secure", "must be true or false"),
        ({"secure": 2}, "smtpConfig.secure", "must be true or false"),
        ({"secure": ""}, "smtpConfig.secure", "must be true or false"),
        ({"secure": []}, "smtpConfig.secure", "must be true or false"),
        ({"requireTls": 0.5}, "smtpConfig.requireTls", "must be true or false"),
        ({"ignoreTls": True, "requireTls": True}, "smtpConfig.ignoreTls", "and requireTls must not both be true"),
        ({"auth": []}, "smtpConfig.auth", "must be an object"),
        ({"auth": {"user": 1}}, "smtpConfig.auth.user", "must be a string"),
        ({"tlsOptions": True}, "smtpConfig.tlsOptions", "must be an object"),
        ({"tlsOptions": {"rejectUnauthorized": "x"}}, "smtpConfig.tlsOptions.rejectUnauthorized", "must be true or"),
    ],
)
def test_what_cannot_be_coerced_is_refused_by_field_and_rule(config: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(InvalidError) as caught:
        smtp_target("mail.example.com", None, config)
    assert caught.value.field == field
    assert rule in caught.value.rule


@pytest.mark.parametrize(
    ("auth", "login"),
    [
        ({"user": "u", "pass": "p"}, ("u", "p")),
        ({"user": "u"}, None),
        ({"pass": "p"}, None),
        ({"user": "", "pass": "p"}, None),
        ({"user": "u", "pass": ""}, None),
        ({"user": "u", "pass": None}, None),
        (None, None),
    ],
)
def test_a_login_takes_both_user_and_password(auth: dict[str, Any] | None, login: tuple[str, str] | None) -> None:
    assert smtp_login({"auth": auth}) == login


def test_a_kind_without_a_probe_is_refused() -> None:
    monitor = NewMonitor(organization_id=1, customer_id=1, kind="ldap", interval_seconds=60, timeout_seconds=30)
    with pytest.raises(InvalidError, match="ldap"):
        target_of(monitor)
