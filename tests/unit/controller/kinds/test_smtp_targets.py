"""The config of an SMTP monitor (docs/compatibility.md, U11)."""

from __future__ import annotations

from typing import Any

import pytest

from controller.errors import InvalidError
from controller.kinds import target_of
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.unit.controller.kinds.test_targets import monitor


def smtp(config: dict[str, Any], port: int | None = None) -> SmtpTarget:
    target = target_of(monitor("smtp", config, port=port))
    assert isinstance(target, SmtpTarget)
    return target


@pytest.mark.parametrize(
    ("port", "config", "expected_port", "tls"),
    [
        pytest.param(None, {}, 25, TlsMode.OPPORTUNISTIC, id="by default port 25 and STARTTLS when offered"),
        pytest.param(
            None, {"secure": True}, 465, TlsMode.IMPLICIT, id="secure means port 465 and TLS from the first byte"
        ),
        pytest.param(2525, {"secure": True}, 2525, TlsMode.IMPLICIT, id="a port given wins"),
        pytest.param(None, {"ignoreTls": True}, 25, TlsMode.NONE, id="ignoreTls means no TLS"),
        pytest.param(587, {"requireTls": True}, 587, TlsMode.REQUIRED, id="requireTls means TLS is required"),
        pytest.param(
            None,
            {"secure": 1, "ignoreTls": "1", "requireTls": 1},
            465,
            TlsMode.IMPLICIT,
            id="secure overrides the flags",
        ),
        pytest.param(None, {"secure": "true"}, 465, TlsMode.IMPLICIT, id="'true' is true"),
        pytest.param(None, {"secure": "TRUE "}, 465, TlsMode.IMPLICIT, id="'true' may be in any case"),
        pytest.param(None, {"secure": "1"}, 465, TlsMode.IMPLICIT, id="'1' is true"),
        pytest.param(None, {"secure": 0}, 25, TlsMode.OPPORTUNISTIC, id="0 is false"),
        pytest.param(None, {"secure": "false"}, 25, TlsMode.OPPORTUNISTIC, id="'false' is false"),
        pytest.param(None, {"secure": None}, 25, TlsMode.OPPORTUNISTIC, id="null is the default"),
    ],
)
def test_a_config_makes_port_and_tls(
    port: int | None, config: dict[str, Any], expected_port: int, tls: TlsMode
) -> None:
    assert smtp(config, port) == SmtpTarget(host="mail.example.com", port=expected_port, tls=tls)


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (None, None),
        ("", None),
        ("probe.example.com", "probe.example.com"),
        ("Bücher.Example.", "xn--bcher-kva.example"),
        ("192.0.2.1", "[192.0.2.1]"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("2001:DB8::1", "[IPv6:2001:db8::1]"),
        ("[ipv6:2001:DB8::1]", "[IPv6:2001:db8::1]"),
    ],
)
def test_the_ehlo_name_is_a_domain_or_an_address_literal(written: str | None, sent: str | None) -> None:
    assert smtp({"ehloName": written}).ehlo_name == sent


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("postmaster@example.com", "postmaster@example.com"),
        ("a+b.c'd@Bücher.Example", "a+b.c'd@xn--bcher-kva.example"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"),
    ],
)
def test_an_address_of_the_envelope_has_its_domain_in_ascii(written: str, sent: str) -> None:
    target = smtp({"mailFrom": written, "rcptTo": written})
    assert (target.mail_from, target.rcpt_to) == (sent, sent)


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_sender_is_the_null_path_and_no_recipient_is_none(nothing: str | None) -> None:
    target = smtp({"mailFrom": nothing, "rcptTo": nothing})
    assert (target.mail_from, target.rcpt_to) == ("", None)


@pytest.mark.parametrize(
    ("config", "field", "rule"),
    [
        ({"secure": "maybe"}, "secure", "must be true or false"),
        ({"secure": 2}, "secure", "must be true or false"),
        ({"secure": ""}, "secure", "must be true or false"),
        ({"secure": []}, "secure", "must be true or false"),
        ({"requireTls": 0.5}, "requireTls", "must be true or false"),
        ({"ignoreTls": True, "requireTls": True}, "ignoreTls", "and requireTls must not both be true"),
        ({"auth": []}, "auth", "must be an object"),
        ({"ehloName": "a b"}, "ehloName", "must be a host name or an IP address"),
        ({"ehloName": "a\r\nRCPT TO:<x>"}, "ehloName", "must be a host name or an IP address"),
        ({"ehloName": "[x]"}, "ehloName", "must be a host name or an IP address"),
        ({"ehloName": 5}, "ehloName", "must be a string"),
        *(
            ({key: wrong}, key, "must be an e-mail address")
            for key in ("mailFrom", "rcptTo")
            for wrong in (
                "x",
                "@example.com",
                "a@",
                "a@b@c",
                "a b@example.com",
                "<a@example.com>",
                "a@example.com>\r\nDATA",
                "a@example.com\n",
                "a\0@example.com",
                "ü@example.com",
                "a@exa mple.com",
                "a@[no address]",
                f"{'x' * 65}@example.com",
            )
        ),
        ({"rcptTo": ["a@example.com"]}, "rcptTo", "must be a string"),
    ],
)
def test_what_cannot_be_coerced_is_refused_by_field_and_rule(config: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(InvalidError) as caught:
        smtp(config)
    assert caught.value.field == f"smtpConfig.{field}"
    assert rule in caught.value.rule
