"""What an IMAP check reports besides its status, and how names and passwords are encoded.

Which status it reports is in `tests.probes.scripted`.
"""

from __future__ import annotations

import re
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.checks.runner import ProbeContext, run_check
from agent.probes.imap.mailbox import modified_utf7
from agent.probes.imap.replies import Response, parse
from agent.probes.imap.session import Literal, astring
from shared.wire.failures import WarningKind
from shared.wire.messages import CheckResult
from shared.wire.targets import TlsMode
from shared.wire.targets.imap import ImapTarget
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import request
from tests.fakes.scripted_server import Script, Tls, playing
from tests.probes.scripted.case import LOGIN, PLAIN
from tests.probes.scripted.imap import STARTTLS
from tests.probes.scripted.imap_login import BYE, END, INBOX, OK, offering

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
SECURED = (*offering("SASL-IR", "AUTH=PLAIN"), "C: A1 AUTHENTICATE PLAIN " + PLAIN)


async def checked(
    script: Script,
    context: ProbeContext,
    certificates: Certificates,
    *,
    tls: TlsMode = TlsMode.IMPLICIT,
    login: tuple[str, str] | None = LOGIN,
) -> CheckResult:
    async with playing(script, certificates) as server:
        return await run_check(request(ImapTarget(host=ADDRESS, port=server.port, tls=tls), login=login), context)


async def test_a_login_counts_the_messages(context: ProbeContext, certificates: Certificates) -> None:
    script = (
        *(*STARTTLS, "S: A2 OK go", Tls()),
        *("C: A3 CAPABILITY", "S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN", "S: A3 OK"),
        *("C: A4 AUTHENTICATE PLAIN " + PLAIN, "S: A4 OK in"),
        *("C: A5 CAPABILITY", "S: * CAPABILITY IMAP4rev1 IDLE", "S: A5 OK"),
        *('C: A6 EXAMINE "INBOX"', "S: * 2 EXISTS", "S: * 1 RECENT", "S: * OK [UNSEEN 2]", "S: * 3 EXISTS"),
        *("S: * OK [UIDNEXT 4392]", "S: * OK [UIDVALIDITY 3857529045]", "S: A6 OK [READ-ONLY]"),
        *("C: A7 LOGOUT", "S: * BYE", "S: A7 OK"),
    )
    result = await checked(script, context, certificates, tls=TlsMode.REQUIRED)
    assert result.failure is None
    assert " ".join(timing.phase.value for timing in result.phases) == (
        "resolve connect greeting capabilities starttls tls capabilities auth capabilities mailbox quit"
    )
    expected = {
        "greeting": "ready",
        "capabilities": ["IDLE", "IMAP4REV1"],
        "loginMechanism": "PLAIN",
        "messages": 3,
        "recent": 1,
        "firstUnseen": 2,
        "uidNext": 4392,
        "uidValidity": 3857529045,
    }
    assert {name: result.facts[name] for name in expected} == expected


async def test_without_a_login_no_mailbox_is_read(context: ProbeContext, certificates: Certificates) -> None:
    script = (*offering(), "C: A1 LOGOUT", "S: * BYE", "S: A1 OK")
    result = await checked(script, context, certificates, login=None)
    assert [timing.phase.value for timing in result.phases] == ["resolve", "connect", "tls", "greeting", "quit"]


async def test_alerts_are_reported_whenever_they_came(context: ProbeContext, certificates: Certificates) -> None:
    alert = "S: * OK [ALERT] the disk is nearly full"
    passed = await checked((*SECURED, OK, alert, *INBOX, alert, *BYE), context, certificates)
    failed = await checked((*SECURED, alert, "S: A1 NO [EXPIRED] no", "C: A2 LOGOUT"), context, certificates)
    assert (passed.facts["alerts"], failed.facts["alerts"]) == (
        ["the disk is nearly full"] * 2,
        ["the disk is nearly full"],
    )
    assert [(warning.kind, warning.detail) for warning in passed.warnings] == [
        (WarningKind.SERVER_ALERT, "the disk is nearly full")
    ]


async def test_a_refusal_reports_its_response_code_and_what_the_server_had_said(
    context: ProbeContext, certificates: Certificates
) -> None:
    result = await checked((*SECURED, "S: A1 NO [EXPIRED] change it", "C: A2 LOGOUT"), context, certificates)
    assert result.failure is not None
    assert result.failure.detail == "the password or the account has expired: NO [EXPIRED] change it"
    assert (result.facts["responseCode"], result.facts["greeting"]) == ("EXPIRED", "hi")


async def test_a_transcript_shows_that_a_password_was_sent_but_neither_it_nor_its_length(
    context: ProbeContext, certificates: Certificates
) -> None:
    script = (*offering(), 'C: A1 LOGIN "alice" {', "S: + go on", "C: sécret", "S: A1 NO no", "C: A2 LOGOUT")
    result = await checked(script, context, certificates, login=("alice", "sécret"))
    sent = [line.text for line in result.transcript if line.speaker.value == "client"]
    assert sent == ["A1 LOGIN ********", "********", "A2 LOGOUT"]


async def test_a_mailbox_of_the_user_is_read_only(context: ProbeContext, certificates: Certificates) -> None:
    """The server receives EXAMINE, and nothing that changes a mailbox."""
    async with playing((*SECURED, *END), certificates) as server:
        await run_check(request(ImapTarget(host=ADDRESS, port=server.port, tls=TlsMode.IMPLICIT), login=LOGIN), context)
    assert [line.split()[1] for line in server.received] == ["AUTHENTICATE", "EXAMINE", "LOGOUT"]


@pytest.mark.parametrize(
    ("line", "response"),
    [
        pytest.param(b"* OK", Response("*", "OK", "", "", ""), id="a status alone"),
        pytest.param(b"a1 no [Alert] x", Response("a1", "NO", "ALERT", "", "x"), id="a code, in capitals"),
        pytest.param(b"* OK [UIDNEXT 9]", Response("*", "OK", "UIDNEXT", "9", ""), id="a code with an argument"),
        pytest.param(b"* OK [half x", Response("*", "OK", "", "", "[half x"), id="half a code is text"),
        pytest.param(b"* OK {3}", Response("*", "OK", "", "", "{3}"), id="braces are text"),
        pytest.param(b"* 7 EXISTS", Response("*", "EXISTS", "", "7", ""), id="a number before its name"),
        pytest.param(b"* SEARCH 1 2", Response("*", "SEARCH", "", "", "1 2"), id="data"),
        pytest.param(b"* X [y] z", Response("*", "X", "", "", "[y] z"), id="only a status has a code"),
        pytest.param(b"* OK caf\xc3\xa9 \xff", Response("*", "OK", "", "", "café \ufffd"), id="bytes beyond ASCII"),
        pytest.param(b"+", Response("+", "", "", "", ""), id="a continuation request without a space"),
        pytest.param(b"+ PDE+", Response("+", "", "", "", "PDE+"), id="a question"),
        pytest.param(b"+OK ready", None, id="POP3"),
        pytest.param(b"220 ready", None, id="SMTP"),
        pytest.param(b"*", None, id="a star alone"),
        pytest.param(b"* 5 OK", None, id="a status with a number"),
        pytest.param(b"a1 EXISTS", None, id="tagged data"),
        pytest.param(b"* OK a\rb", None, id="a bare CR"),
        pytest.param(b"* OK a\0b", None, id="a NUL"),
        pytest.param(b"* 99999999999999999999 EXISTS", None, id="a number beyond 63 bits"),
        pytest.param(b"", None, id="nothing"),
    ],
)
def test_the_grammar_of_a_response(line: bytes, response: Response | None) -> None:
    assert parse(line) == response


@given(TEXT, st.booleans())
def test_a_string_says_what_it_was_made_of_and_breaks_no_line(text: str, utf8: bool) -> None:
    word = astring(text, utf8=utf8)
    if isinstance(word, Literal):
        assert word.data.decode() == text
        return
    assert re.fullmatch(rb'"(?:[^"\\\r\n\0]|\\["\\])*"', word)
    assert utf8 or word.isascii()
    assert re.sub(rb"\\(.)", rb"\1", word[1:-1]).decode() == text


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        pytest.param("INBOX", "INBOX", id="ASCII stands for itself"),
        pytest.param("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-", id="the example of RFC 3501"),
        pytest.param("Tom & Jerry", "Tom &- Jerry", id="an ampersand"),
        pytest.param("a\r\nb", "a&AA0ACg-b", id="a line's end"),
        pytest.param("😀", "&2D3eAA-", id="a character of two units"),
    ],
)
def test_a_mailbox_name_in_modified_utf7(name: str, spelt: str) -> None:
    assert modified_utf7(name) == spelt


@given(TEXT)
def test_modified_utf7_is_printable_ascii_and_loses_nothing(name: str) -> None:
    spelt = modified_utf7(name)
    assert re.fullmatch(r"[\x20-\x7e]*", spelt)
    assert re.sub(r"&([^-]*)-", _unshifted, spelt) == name


def _unshifted(found: re.Match[str]) -> str:
    coded = found[1].replace(",", "/")
    return b64decode(coded + "=" * (-len(coded) % 4)).decode("utf-16-be") if coded else "&"
