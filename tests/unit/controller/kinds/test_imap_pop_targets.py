"""The config of an IMAP or POP3 monitor (docs/compatibility.md, U12)."""

from __future__ import annotations

from typing import Any

import pytest

from controller.errors import InvalidError
from controller.kinds import target_of
from shared.wire.targets import TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from tests.unit.controller.kinds.test_targets import monitor

NONE, OPPORTUNISTIC, REQUIRED, IMPLICIT = TlsMode.NONE, TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED, TlsMode.IMPLICIT


@pytest.mark.parametrize(
    ("kind", "port", "config", "expected_port", "tls"),
    [
        pytest.param("imap", None, {}, 143, NONE, id="by default IMAP in clear on 143"),
        pytest.param("imap", None, {"tls": True}, 993, IMPLICIT, id="tls: IMAP on 993"),
        pytest.param("pop3", None, {}, 110, NONE, id="POP3 in clear on 110"),
        pytest.param("pop3", None, {"tls": True}, 995, IMPLICIT, id="tls: POP3 on 995"),
        pytest.param("pop3", 993, {"tls": True}, 993, IMPLICIT, id="a port given wins, also another protocol's"),
        pytest.param("imap", None, {"tls": "true"}, 993, IMPLICIT, id="'true' is true"),
        pytest.param("imap", None, {"tls": 0}, 143, NONE, id="0 is false"),
        pytest.param("imap", None, {"protocol": " IMAP "}, 143, NONE, id="the protocol in any case"),
        pytest.param("imap", None, {"protocol": None}, 143, NONE, id="no protocol is imap"),
        pytest.param("imap", None, {"starttls": "never"}, 143, NONE, id="starttls never"),
        pytest.param("imap", None, {"starttls": "Opportunistic"}, 143, OPPORTUNISTIC, id="starttls when offered"),
        pytest.param("pop3", None, {"starttls": "required"}, 110, REQUIRED, id="starttls or failure"),
        pytest.param("imap", None, {"tls": True, "starttls": "required"}, 993, IMPLICIT, id="tls overrides starttls"),
    ],
)
def test_a_config_makes_protocol_port_and_tls(
    kind: str, port: int | None, config: dict[str, Any], expected_port: int, tls: TlsMode
) -> None:
    target_type = ImapTarget if kind == "imap" else Pop3Target
    assert target_of(monitor(kind, config, port=port)) == target_type(
        host="mail.example.com", port=expected_port, tls=tls
    )


@pytest.mark.parametrize(
    ("written", "mailbox"),
    [(None, "INBOX"), ("", "INBOX"), ("Entwürfe/Ältere", "Entwürfe/Ältere"), ('a "b" \\c', 'a "b" \\c')],
)
def test_a_mailbox_is_any_printable_name(written: str | None, mailbox: str) -> None:
    target = target_of(monitor("imap", {"mailbox": written}))
    assert isinstance(target, ImapTarget)
    assert target.mailbox == mailbox


@pytest.mark.parametrize(
    ("config", "field", "rule"),
    [
        ({"protocol": "smtp"}, "protocol", "must be one of imap, pop3"),
        ({"protocol": True}, "protocol", "must be one of imap, pop3"),
        ({"protocol": ""}, "protocol", "must be one of imap, pop3"),
        ({"tls": "maybe"}, "tls", "must be true or false"),
        ({"tls": {}}, "tls", "must be true or false"),
        ({"starttls": True}, "starttls", "must be one of never, opportunistic, required"),
        ({"starttls": "yes"}, "starttls", "must be one of never, opportunistic, required"),
        ({"mailbox": 1}, "mailbox", "must be a string"),
        ({"mailbox": "a\r\nb"}, "mailbox", "no control characters"),
        ({"mailbox": "a\x85b"}, "mailbox", "no control characters"),
        ({"mailbox": "x" * 1001}, "mailbox", "must be 1 to 1000"),
    ],
)
def test_what_cannot_be_coerced_is_refused_by_field_and_rule(config: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(InvalidError) as caught:
        target_of(monitor("imap", config))
    assert caught.value.field == f"imapPopConfig.{field}"
    assert rule in caught.value.rule
