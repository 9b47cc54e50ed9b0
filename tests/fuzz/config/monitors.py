"""Configs of monitors: a target that agents can read, or a refusal that names the field and the rule."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.errors import InvalidError
from controller.kinds import configured_login, kind_for, target_of
from controller.kinds.imap_pop import IMAP_POP
from controller.kinds.obstacles import obstacles
from controller.kinds.smtp import SMTP
from controller.model.values.hostname import host_of
from shared.wire.targets import Target

SEEDS = (
    (
        b'{"kind":"smtp","hostname":"mail.example.com","port":587,"config":{"requireTls":true,"auth":{"user":"a","pass":"b"},'
        b'"ehloName":"probe.example.com","mailFrom":"a@example.com","rcptTo":"b@example.com","warningMs":"1500"}}'
    ),
    (
        b'{"kind":"imap","hostname":"b\\u00fccher.example","config":{"protocol":"imap","tls":true,"mailbox":"INBOX",'
        b'"user":"a","password":"b","ipFamily":"ipv4","certificateWarningDays":30}}'
    ),
    (
        b'{"kind":"pop3","hostname":"2001:db8::1","config":{"protocol":"POP3","starttls":"required","accessToken":"x",'
        b'"user":"a","tlsOptions":{"rejectUnauthorized":"0"}}}'
    ),
    (
        b'{"kind":"smtp","hostname":"xn--a.example","address":"192.0.2.1","config":{"secure":1,"ehloName":"[IPv6:::1]",'
        b'"certificateWarningDays":1e3,"warningMs":1.5,"ignoreTls":12345678901234567890123}}'
    ),
    b'{"kind":"other","hostname":"","config":{}}',
)


class _Configured(msgspec.Struct):
    kind: str = "smtp"
    hostname: str = "mail.example.com"
    port: int | None = None
    config: dict[str, Any] = {}
    address: str | None = None


def check(data: bytes) -> None:
    try:
        monitor = msgspec.json.decode(data, type=_Configured)
    except (ValueError, RecursionError):
        return
    obstacles(monitor)
    for kinds in (SMTP, IMAP_POP):
        try:
            assert kind_for(kinds, monitor.config) in kinds
        except InvalidError as error:
            _assert_says_why(error)
    try:
        target = target_of(monitor)
        login = configured_login(monitor)
    except InvalidError as error:
        _assert_says_why(error)
        return
    [server] = target.endpoints
    assert host_of(server.host) == server.host
    assert server.host.isascii()
    assert login is None or (login.user and login.secret)
    assert msgspec.json.decode(msgspec.json.encode(target), type=Target) == target


def _assert_says_why(error: InvalidError) -> None:
    assert error.field
    assert error.rule
    f"{error.field} {error.rule}".encode()
