"""Which arguments `mailprobe-agent check` accepts, and which it refuses without repeating a password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from agent.commands.check import main
from shared.wire import target_url
from shared.wire.target_url import UsageError, parse
from shared.wire.targets import Option, Server, Target, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget


@pytest.mark.parametrize(
    ("url", "target", "user"),
    [
        ("smtp://h.example", SmtpTarget(host="h.example", port=25), None),
        ("smtps://h.example/", SmtpTarget(host="h.example", port=465, tls=TlsMode.IMPLICIT), None),
        ("IMAP://H.example:1143", ImapTarget(host="h.example", port=1143, tls=TlsMode.NONE), None),
        ("imaps://anna@h.example", ImapTarget(host="h.example", port=993, tls=TlsMode.IMPLICIT), "anna"),
        ("pop3://h.example.", Pop3Target(host="h.example", port=110, tls=TlsMode.NONE), None),
        ("pop3s://[2001:DB8::1]", Pop3Target(host="2001:db8::1", port=995, tls=TlsMode.IMPLICIT), None),
        ("smtp://anna%40example.com@h.example", SmtpTarget(host="h.example", port=25), "anna@example.com"),
        ("smtp://anna@example.com@h.example", SmtpTarget(host="h.example", port=25), "anna@example.com"),
        ("smtp://m%C3%BCller@münchen.example", SmtpTarget(host="xn--mnchen-3ya.example", port=25), "müller"),
        ("smtp://_mail.h.example:587", SmtpTarget(host="_mail.h.example", port=587), None),
    ],
)
def test_a_url_says_what_to_check_and_as_whom(url: str, target: Target, user: str | None) -> None:
    parsed = parse(url)
    assert (parsed.target, parsed.user) == (target, user)


def test_options_become_fields_of_the_target() -> None:
    parsed = parse(
        "smtp://h", starttls="required", rcpt_to="a@b", ehlo_name=None, warning_ms=5, verify_certificate=False
    )
    assert parsed.target == SmtpTarget(
        host="h", port=25, tls=TlsMode.REQUIRED, rcpt_to="a@b", warning_ms=5, verify_certificate=False
    )
    assert parse("imap://h", starttls="never").target == ImapTarget(host="h", port=143, tls=TlsMode.NONE)
    assert parse("imaps://h", starttls="required").target == ImapTarget(host="h", port=993, tls=TlsMode.IMPLICIT)


@pytest.mark.parametrize(
    ("url", "options", "word"),
    [
        pytest.param("ldap://h", {}, "must begin with one of smtp://", id="another scheme"),
        pytest.param("h.example:25", {}, "must begin with one of", id="no scheme"),
        pytest.param("smtp://", {}, "must name a host", id="nothing"),
        pytest.param("imaps://anna@", {}, "must name a host", id="a user only"),
        pytest.param("smtp://:25", {}, "must name a host", id="no host"),
        pytest.param("smtp://h:99999", {}, "cannot be read", id="port too high"),
        pytest.param("smtp://h:0", {}, "port from 1", id="port 0"),
        pytest.param("smtp://h:x", {}, "cannot be read", id="no port"),
        pytest.param("smtp://[::1", {}, "cannot be read", id="half a literal"),
        pytest.param("smtp://a..b", {}, "not a host name", id="an empty label"),
        pytest.param("smtp://h/path", {}, "must end after host and port", id="a path"),
        pytest.param("smtp://h?x=1", {}, "must end after host and port", id="a query"),
        pytest.param("smtp://%ff@h", {}, "not UTF-8", id="a user in another encoding"),
        pytest.param("smtp://a%0d%0ab@h", {}, "control characters", id="a user with a line end"),
        pytest.param("smtps://h", {"starttls": "never"}, "does not fit smtps", id="STARTTLS under TLS"),
        pytest.param("smtp://h", {"mailbox": "INBOX"}, "--mailbox is not an option of smtp checks", id="no mailbox"),
        pytest.param("imap://h", {"rcpt_to": "a@b"}, "--rcpt-to is not an option", id="no recipient"),
        pytest.param("smtp://h", {"rcpt_to": "a\r\nb"}, "control characters", id="an option with a line end"),
        pytest.param("smtp://anna:hunter2@h", {}, "must not hold a password", id="a password"),
        pytest.param("smtp://anna:@h", {}, "must not hold a password", id="an empty password"),
    ],
)
def test_what_cannot_be_is_explained_in_words(url: str, options: dict[str, Any], word: str) -> None:
    with pytest.raises(UsageError, match=word) as caught:
        parse(url, **options)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["smtp://anna:hunter2@h"],
        ["smtp://h", "--password", "hunter2"],
        ["smtp://h", "--password=hunter2"],
        ["smtp://h", "-phunter2"],
        ["smtp://h", "hunter2"],
        ["smtp://h", "--timeout", "0"],
        ["smtp://h", "--timeout", "nan"],
        ["smtp://h", "--warning-ms", "-1"],
        ["smtp://h", "-4", "-6"],
        ["smtp://h", "--starttls", "perhaps"],
        ["smtp://h", "--bearer"],
        ["smtp://h", "--ca-file", "/nowhere/ca.pem"],
        ["smtp://anna@h"],
    ],
    ids=str,
)
def test_wrong_usage_is_status_64_without_a_password(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MAILPROBE_PASSWORD", raising=False)
    try:
        status: object = main(arguments)
    except SystemExit as stopped:
        status = stopped.code
    assert status == 64
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err
    assert "hunter2" not in printed.err


class LineTarget(Server, frozen=True, kw_only=True, tag_field="kind", tag="line"):
    """A kind with a usual port only for TLS from the first byte, and with options of two types."""

    PORTS: ClassVar[tuple[int | None, int | None]] = (None, 7443)
    STARTTLS: ClassVar[TlsMode] = TlsMode.NONE
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "words": Option("NUMBER", "how many words to say"),
        "polite": Option("BOOL", "whether to say please"),
    }

    words: int = 1
    polite: bool = False


@pytest.fixture
def line_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_url, "_TARGETS", {**target_url._TARGETS, "line": LineTarget})
    monkeypatch.setattr(target_url, "SCHEMES", (*target_url.SCHEMES, "line", "lines"))
    monkeypatch.setattr(target_url, "DEFAULT_STARTTLS", {**target_url.DEFAULT_STARTTLS, "line": "never"})


@pytest.mark.usefixtures("line_kind")
def test_a_kind_states_its_ports_and_the_types_of_its_options() -> None:
    assert parse("lines://h").target == LineTarget(host="h", port=7443, tls=TlsMode.IMPLICIT)
    assert parse("line://h:7", words="3", polite="true").target == LineTarget(
        host="h", port=7, tls=TlsMode.NONE, words=3, polite=True
    )
    with pytest.raises(UsageError, match="needs a port"):
        parse("line://h")
    with pytest.raises(UsageError, match="--words does not take 'many'"):
        parse("line://h:7", words="many")
    assert target_url.kind_options()["words"] == {"line": Option("NUMBER", "how many words to say")}
