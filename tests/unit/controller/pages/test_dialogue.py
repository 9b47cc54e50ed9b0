"""A dialogue under its phases, and the line that decided."""

from __future__ import annotations

import pytest

from controller.model import CheckRecord
from controller.pages.check.dialogue import bands, deciding
from tests.unit.controller.pages.checks import a_check, said

PHASES = [("connect", 0.5, 9.0), ("greeting", 10.0, 9.0), ("ehlo", 20.0, 29.0), ("auth", 50.0, 19.0)]
HELLO = ("N: connecting to 192.0.2.1 port 25", "S: 220 hi", "C: EHLO me", "S: 250-mx", "S: 250 AUTH PLAIN")


def decided(check: CheckRecord) -> str | None:
    number = deciding(check.transcript, check.phases, check.failure)
    return None if number is None else check.transcript[number].text


@pytest.mark.parametrize(
    ("check", "line"),
    [
        pytest.param(
            a_check(
                *HELLO,
                "C: AUTH PLAIN ****",
                "S: 535 5.7.8 no",
                "C: QUIT",
                "S: 221 bye",
                phases=PHASES,
                failed="login_refused@auth",
                detail="535 5.7.8 no",
            ),
            "535 5.7.8 no",
            id="the reply that the failure quotes, not the goodbye",
        ),
        pytest.param(
            a_check(
                *HELLO, "S: A2 NO [LIMIT] x", phases=PHASES, failed="temporary_refusal@auth", detail="NO [LIMIT] x"
            ),
            "A2 NO [LIMIT] x",
            id="IMAP's reply, quoted without its tag",
        ),
        pytest.param(
            a_check(*HELLO, "C: AUTH PLAIN ****", phases=PHASES, failed="timeout@auth", detail="waiting in phase auth"),
            "AUTH PLAIN ****",
            id="what was not answered",
        ),
        pytest.param(
            a_check(*HELLO, phases=PHASES[:3], failed="reply_too_long@ehlo", detail="more than 512 lines"),
            "250 AUTH PLAIN",
            id="the last line of the phase that failed",
        ),
        pytest.param(
            a_check(
                *HELLO, "C: QUIT", phases=[*PHASES[:3], ("starttls", 49.5, 0.1)], failed="starttls_missing@starttls"
            ),
            "250 AUTH PLAIN",
            id="the last line before a phase in which nothing was said",
        ),
        pytest.param(
            a_check("N: connecting to 192.0.2.1 port 25", phases=PHASES[:2], failed="closed@greeting"),
            None,
            id="no line, when the server said nothing at all",
        ),
        pytest.param(
            a_check(*HELLO, phases=PHASES, failed="agent_error@auth", detail="not a login"),
            None,
            id="not our own fault",
        ),
        pytest.param(a_check(phases=[("resolve", 0, 1)], failed="dns_error@resolve"), None, id="nothing was said"),
        pytest.param(a_check(*HELLO, phases=PHASES), None, id="nothing, when the check passed"),
    ],
)
def test_one_line_decided(check: CheckRecord, line: str | None) -> None:
    assert decided(check) == line
    marked = [one.text for band in bands(check) for one in band.lines if one.decided]
    assert marked == ([] if line is None else [line])


def test_every_line_stands_under_its_phase() -> None:
    check = a_check(
        *HELLO, "C: AUTH", "S: 535 no", "C: QUIT", phases=PHASES, failed="login_refused@auth", detail="535 no"
    )
    found = bands(check)
    assert [(band.phase, [line.text for line in band.lines]) for band in found] == [
        ("connect", ["connecting to 192.0.2.1 port 25"]),
        ("greeting", ["220 hi"]),
        ("ehlo", ["EHLO me", "250-mx", "250 AUTH PLAIN"]),
        ("auth", ["AUTH", "535 no"]),
        ("", ["QUIT"]),
    ]
    assert [band.phase for band in found if band.failed] == ["auth"]


def test_an_encrypted_connection_is_a_lock_with_its_certificate() -> None:
    facts = {
        "certificateSubject": "CN=mx.example.com",
        "certificateIssuer": "CN=Some CA",
        "certificateNotAfter": "2026-02-01T00:00:00Z",
        "certificateDaysLeft": 31,
        "certificateChainValid": False,
    }
    check = a_check("N: encrypted: TLSv1.3, TLS_AES", "S: encrypted: yes", phases=[("tls", 0.5, 20)], facts=facts)
    [lock, server] = bands(check)[0].lines
    assert (lock.lane, lock.text) == ("lock", "TLSv1.3, TLS_AES")
    assert (
        lock.about
        == "certificate CN=mx.example.com; issued by CN=Some CA; ends 2026-02-01, 31 days left; chain NOT valid"
    )
    assert (server.lane, server.text, server.about) == ("server", "encrypted: yes", "")


def test_a_long_silence_is_shown_before_the_line_that_ended_it() -> None:
    slow = a_check(phases=[("ehlo", 0.5, 3000)], transcript=said("C: EHLO me", "S: 250 mx", step_ms=1500))
    assert [line.silence_ms for line in bands(slow)[0].lines] == [0, 1500]
    quick = a_check("C: EHLO me", "S: 250 mx", phases=[("ehlo", 0.5, 3000)])
    assert [line.silence_ms for line in bands(quick)[0].lines] == [0, 0]


def test_no_line_decided_where_the_login_was_withheld() -> None:
    check = a_check(
        *HELLO, "S: 535 no", phases=PHASES, failed="login_refused@auth", detail="535 no", login_withheld=True
    )
    assert not any(line.decided for band in bands(check) for line in band.lines)
