"""What a POP3 check reports besides its status: facts, phases and the transcript.

Which status it reports is in `tests.probes.scripted`.
"""

from __future__ import annotations

from agent.checks.runner import ProbeContext, run_check
from shared.wire.messages import CheckResult
from shared.wire.targets import TlsMode
from shared.wire.targets.pop3 import Pop3Target
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import request
from tests.fakes.scripted_server import Script, playing
from tests.probes.scripted.case import LOGIN, USER
from tests.probes.scripted.pop3 import BYE, SECURED, capa
from tests.probes.scripted.pop3_login import APOP, APOP_GREETING, AUTH, USER_PASS, offering


async def checked(
    script: Script,
    context: ProbeContext,
    certificates: Certificates,
    *,
    tls: TlsMode = TlsMode.IMPLICIT,
    login: tuple[str, str] | None = LOGIN,
) -> CheckResult:
    async with playing(script, certificates) as server:
        return await run_check(request(Pop3Target(host=ADDRESS, port=server.port, tls=tls), login=login), context)


async def test_a_login_counts_the_messages(context: ProbeContext, certificates: Certificates) -> None:
    script = (*SECURED, *capa("USER", "UIDL"), *USER_PASS, "S: +OK", "C: STAT", "S: +OK 3 4096", *BYE)
    result = await checked(script, context, certificates, tls=TlsMode.REQUIRED)
    assert result.failure is None
    assert [timing.phase.value for timing in result.phases] == [
        "resolve",
        "connect",
        "greeting",
        "capabilities",
        "starttls",
        "tls",
        "capabilities",
        "auth",
        "mailbox",
        "quit",
    ]
    assert result.facts["greeting"] == "POP3 ready"
    assert result.facts["capabilities"] == ["UIDL", "USER"]
    assert (result.facts["loginMechanism"], result.facts["messages"], result.facts["octets"]) == ("USER", 3, 4096)


async def test_without_a_login_no_mailbox_is_read(context: ProbeContext, certificates: Certificates) -> None:
    result = await checked((*offering("USER", "SASL PLAIN LOGIN"), *BYE), context, certificates, login=None)
    assert result.facts["loginMechanisms"] == ["LOGIN", "PLAIN"]
    assert [timing.phase.value for timing in result.phases][-3:] == ["greeting", "capabilities", "quit"]


async def test_a_refusal_reports_its_response_code_and_what_the_server_had_said(
    context: ProbeContext, certificates: Certificates
) -> None:
    result = await checked((*AUTH, "S: -ERR [SYS/TEMP] no database", "C: QUIT"), context, certificates)
    assert result.failure is not None
    assert result.failure.detail == "-ERR [SYS/TEMP] no database"
    assert (result.facts["responseCode"], result.facts["greeting"]) == ("SYS/TEMP", "POP3 ready")


async def test_a_mailbox_in_use_is_reported_and_not_counted(context: ProbeContext, certificates: Certificates) -> None:
    result = await checked((*AUTH, "S: -ERR [IN-USE] another session", *BYE), context, certificates)
    assert result.failure is None
    assert result.warnings[0].detail == "-ERR [IN-USE] another session"
    assert "messages" not in result.facts


async def test_the_transcript_shows_the_login_without_its_secrets(
    context: ProbeContext, certificates: Certificates
) -> None:
    script = (*offering("USER", greeting=APOP_GREETING), APOP, "S: -ERR no", *USER_PASS, "S: -ERR no", "C: QUIT")
    result = await checked(script, context, certificates)
    lines = [line.text for line in result.transcript]
    start = lines.index(f"APOP {USER} ********")
    assert lines[start + 1 :] == ["-ERR no", f"USER {USER}", "+OK", "PASS ********", "-ERR no", "QUIT"]
