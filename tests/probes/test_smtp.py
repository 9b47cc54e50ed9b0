"""What an SMTP check reports besides its status: facts, phases and the transcript.

Which status it reports is in `tests.probes.scripted`.
"""

from __future__ import annotations

from agent.checks.runner import ProbeContext, run_check
from shared.wire.messages import CheckResult
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import request
from tests.fakes.scripted_server import Script, playing
from tests.probes.scripted.case import CHALLENGE_64, CRAM_MD5, LOGIN, PLAIN, USER
from tests.probes.scripted.smtp import BYE, HELLO, OPEN, SECURED

AUTH = (*SECURED, "S: 250-x", "S: 250-SIZE", "S: 250 AUTH PLAIN CRAM-MD5", "C: AUTH CRAM-MD5", "S: 334 " + CHALLENGE_64)


async def checked(
    script: Script,
    context: ProbeContext,
    certificates: Certificates,
    *,
    tls: TlsMode = TlsMode.OPPORTUNISTIC,
    login: tuple[str, str] | None = None,
    rcpt_to: str | None = None,
) -> CheckResult:
    async with playing(script, certificates) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port, tls=tls, rcpt_to=rcpt_to)
        return await run_check(request(target, login=login), context)


async def test_phases_come_in_the_order_of_the_dialogue(context: ProbeContext, certificates: Certificates) -> None:
    script = (
        *AUTH,
        "C: " + CRAM_MD5,
        "S: 235 ok",
        "C: MAIL",
        "S: 250",
        "C: RCPT",
        "S: 250 2.1.5 ok",
        "C: RSET",
        "S: 250",
    )
    result = await checked((*script, *BYE), context, certificates, login=LOGIN, rcpt_to="bob@example.test")
    assert result.failure is None
    assert [timing.phase.value for timing in result.phases] == (
        ["resolve", "connect", "greeting", "ehlo", "starttls", "tls", "ehlo", "auth", "envelope", "quit"]
    )
    assert result.facts["loginMechanism"] == "CRAM-MD5"
    assert result.facts["recipientReply"] == "250 2.1.5 ok"


async def test_what_is_offered_under_tls_is_what_is_reported(context: ProbeContext, certificates: Certificates) -> None:
    offer = ("S: 250-x", "S: 250-AUTH PLAIN LOGIN", "S: 250-AUTH=PLAIN", "S: 250 SIZE 10")
    result = await checked((*SECURED, *offer, *BYE), context, certificates)
    assert result.facts["capabilities"] == ["AUTH", "SIZE"]
    assert result.facts["loginMechanisms"] == ["LOGIN", "PLAIN"]


async def test_a_refusal_reports_its_codes_and_what_the_server_had_said(
    context: ProbeContext, certificates: Certificates
) -> None:
    result = await checked(
        (*OPEN, "C: MAIL", "S: 250", "C: RCPT", "S: 550-5.1.1 who?", "S: 550 5.1.1 never heard of", "C: QUIT"),
        context,
        certificates,
        rcpt_to="bob@example.test",
    )
    assert result.failure is not None
    assert result.failure.detail == "550 5.1.1 who? 5.1.1 never heard of"
    assert (result.facts["replyCode"], result.facts["enhancedStatus"]) == (550, "5.1.1")
    assert (result.facts["greeting"], result.facts["capabilities"]) == ("mail.test ESMTP", ["SIZE"])


async def test_an_enhanced_code_of_another_class_is_only_text(
    context: ProbeContext, certificates: Certificates
) -> None:
    result = await checked(("S: 554 4.7.25 no", "C: QUIT"), context, certificates)
    assert result.facts["replyCode"] == 554
    assert "enhancedStatus" not in result.facts


async def test_the_transcript_shows_the_login_without_its_secrets(
    context: ProbeContext, certificates: Certificates
) -> None:
    script = (*AUTH, "C: " + CRAM_MD5, "S: 535 5.7.8 no", "C: AUTH PLAIN " + PLAIN, "S: 535 5.7.8 no", "C: QUIT")
    result = await checked(script, context, certificates, login=LOGIN)
    lines = [line.text for line in result.transcript]
    start = lines.index("AUTH CRAM-MD5")
    assert lines[start:] == [
        "AUTH CRAM-MD5",
        "334 " + CHALLENGE_64,
        "********",
        "535 5.7.8 no",
        "AUTH PLAIN ********",
        "535 5.7.8 no",
        "QUIT",
    ]


async def test_an_unencrypted_login_shows_no_secret_either(context: ProbeContext, certificates: Certificates) -> None:
    script = (
        *HELLO,
        "S: 250-x",
        "S: 250 AUTH LOGIN",
        "C: AUTH LOGIN",
        "S: 334 ",
        "C: ",
        "S: 334 ",
        "C: ",
        "S: 235",
        *BYE,
    )
    result = await checked(script, context, certificates, tls=TlsMode.NONE, login=LOGIN)
    assert [warning.kind.value for warning in result.warnings] == ["login_unencrypted"]
    assert [line.text for line in result.transcript].count("********") == 2
    assert USER not in str(result.transcript)


async def test_a_proof_refused_where_the_password_passes_is_not_tried_again(
    context: ProbeContext, certificates: Certificates
) -> None:
    """Otherwise each check would leave a refused login in the server's log, and the server would lock the account."""
    plain = ("C: AUTH PLAIN " + PLAIN, "S: 235 ok", *BYE)
    async with playing((*AUTH, "C: " + CRAM_MD5, "S: 535 no", *plain), certificates) as server:
        target = SmtpTarget(host=ADDRESS, port=server.port)
        first = await run_check(request(target, login=LOGIN), context)
        server.script = (*AUTH[:-2], *plain)
        second = await run_check(request(target, login=LOGIN), context)
    assert (first.failure, second.failure) == (None, None)
    assert first.facts["loginMechanism"] == second.facts["loginMechanism"] == "PLAIN"
