"""How the SMTP probe judges servers: each row a dialogue, and what the check must say about it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, NamedTuple

import msgspec
import pytest
import structlog

from agent.runner import Station, run_check
from shared.failures import FailureSource
from shared.messages import CheckResult
from shared.targets import SmtpTarget, TlsMode
from tests.fakes.certificates import ADDRESS, HOST, Certificates
from tests.fakes.scripted_server import Hang, Pause, Pieces, Raw, Reset, Script, Tell, Tls, playing
from tests.fakes.station import CLIENT_NAME, request

USER, PASSWORD = "alice@example.test", "wönder land+/7Q"
LOGIN = (USER, PASSWORD)
PLAIN = b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
USER_64, PASSWORD_64 = b64encode(USER.encode()).decode(), b64encode(PASSWORD.encode()).decode()

GREETING = ("S: 220 mail.test ESMTP",)
HELLO = (*GREETING, "C: EHLO " + CLIENT_NAME)
OPEN = (*HELLO, "S: 250-mail.test", "S: 250 SIZE 1000")
BYE = ("C: QUIT", "S: 221 bye")
STARTTLS = (*HELLO, "S: 250-mail.test", "S: 250 STARTTLS", "C: STARTTLS")
SECURED = (*STARTTLS, "S: 220 go", Tls(), "C: EHLO")
AUTH = (*SECURED, "S: 250-mail.test", "S: 250-SIZE", "S: 250 AUTH PLAIN LOGIN", "C: AUTH PLAIN " + PLAIN)
AUTH_LOGIN = (*SECURED, "S: 250-mail.test", "S: 250 AUTH LOGIN", "C: AUTH LOGIN")
CLEAR_AUTH = (*HELLO, "S: 250-mail.test", "S: 250 AUTH LOGIN PLAIN")

NONE, OPPORTUNISTIC, REQUIRED, IMPLICIT = TlsMode.NONE, TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED, TlsMode.IMPLICIT
PASS = None


class Case(NamedTuple):
    """A server and a target, and what must come of them: `kind@phase` or None, then the kinds of warnings."""

    script: Script
    failure: str | None
    warnings: tuple[str, ...] = ()
    tls: TlsMode = OPPORTUNISTIC
    login: tuple[str, str] | None = None
    host: str = ADDRESS
    verify: bool = True
    timeout: float = 5.0


CASES: dict[str, Case] = {
    # the plain dialogue
    "a plain server passes": Case((*OPEN, *BYE), PASS),
    "a greeting of many lines passes": Case(("S: 220-one", "S: 220-two", "S: 220 three", *OPEN[1:], *BYE), PASS),
    "a greeting in single bytes passes": Case((Pieces("220-hello"), Pieces("220 you"), *OPEN[1:], *BYE), PASS),
    "a slow greeting is waited for": Case((Raw(b"220-wait\r\n"), Pause(0.05), "S: 220 now", *OPEN[1:], *BYE), PASS),
    "a bare code is a reply": Case(("S: 220", "C: EHLO", "S: 250", *BYE), PASS),
    "lines that end in LF alone are read": Case((Raw(b"220 x\n"), "C: EHLO", Raw(b"250-x\n250 SIZE\n"), *BYE), PASS),
    "a server without EHLO passes with HELO": Case(
        (*HELLO, "S: 502 what?", "C: HELO " + CLIENT_NAME, "S: 250 hi", *BYE), PASS
    ),
    "a server that closes instead of answering QUIT passes": Case((*OPEN, "C: QUIT"), PASS),
    "a server that resets instead of answering QUIT passes": Case((*OPEN, "C: QUIT", Reset()), PASS),
    "an empty EHLO line is no capability": Case((*HELLO, "S: 250-mail.test", "S: 250- ", "S: 250 SIZE", *BYE), PASS),
    # the greeting
    "closing at once is closed": Case((), "closed@greeting"),
    "a reset instead of a greeting is reset": Case((Reset(),), "reset@greeting"),
    "half a greeting is closed": Case((Raw(b"220 he"),), "closed@greeting"),
    "a 554 greeting is a policy refusal": Case(("S: 554 go away", "C: QUIT"), "policy_refusal@greeting"),
    "a 521 greeting is a policy refusal": Case(("S: 521 no mail here", "C: QUIT"), "policy_refusal@greeting"),
    "a 421 greeting is temporary": Case(("S: 421 busy", "C: QUIT"), "temporary_refusal@greeting"),
    "a 450 greeting is temporary": Case(("S: 450 later", "C: QUIT"), "temporary_refusal@greeting"),
    "a 250 greeting is invalid": Case(("S: 250 hello", "C: QUIT"), "greeting_invalid@greeting"),
    "another protocol's greeting is invalid": Case(("S: * OK IMAP4rev1 ready", "C: QUIT"), "greeting_invalid@greeting"),
    "a NUL in the greeting is invalid": Case((Raw(b"220 a\0b\r\n"), "C: QUIT"), "greeting_invalid@greeting"),
    "a greeting of two codes is invalid": Case(("S: 220-a", "S: 250 b", "C: QUIT"), "greeting_invalid@greeting"),
    "a code beyond the grammar is invalid": Case(("S: 199 a", "C: QUIT"), "greeting_invalid@greeting"),
    "an endless line is too long": Case((Raw(b"x" * 65536, 160),), "reply_too_long@greeting"),
    "endless reply lines are too long": Case((Raw(b"220-more\r\n" * 100, 100),), "reply_too_long@greeting"),
    "many long lines are too long": Case((Raw(b"220-" + b"x" * 8000 + b"\r\n", 60),), "reply_too_long@greeting"),
    # EHLO
    "EHLO refused for now is temporary": Case((*HELLO, "S: 451 later", "C: QUIT"), "temporary_refusal@ehlo"),
    "EHLO and HELO refused is a policy refusal": Case(
        (*HELLO, "S: 550 no", "C: HELO", "S: 550 no", "C: QUIT"), "policy_refusal@ehlo"
    ),
    "EHLO refused and hung up on is a policy refusal": Case((*HELLO, "S: 554 you are listed"), "policy_refusal@ehlo"),
    "EHLO answered out of place is a protocol error": Case((*HELLO, "S: 354 go on", "C: QUIT"), "protocol_error@ehlo"),
    "EHLO answered with garbage is a protocol error": Case((*HELLO, "S: hello", "C: QUIT"), "protocol_error@ehlo"),
    "a second greeting is a protocol error": Case((*GREETING, *HELLO, "C: QUIT"), "protocol_error@ehlo"),
    "closing after EHLO is closed": Case(HELLO, "closed@ehlo"),
    "a reset after EHLO is reset": Case((*HELLO, Reset()), "reset@ehlo"),
    "garbage after QUIT is a protocol error": Case((*OPEN, "C: QUIT", "S: bye"), "protocol_error@quit"),
    # STARTTLS
    "STARTTLS is used when offered": Case((*SECURED, "S: 250 x", *BYE), PASS),
    "an intermediate certificate is good": Case(
        (*STARTTLS, "S: 220 go", Tls("good by an intermediate"), "C: EHLO", "S: 250 x", *BYE), PASS, tls=REQUIRED
    ),
    "the name is verified too": Case((*SECURED, "S: 250 x", *BYE), PASS, tls=REQUIRED, host=HOST),
    "STARTTLS is not used when ignored": Case((*HELLO, "S: 250-x", "S: 250 STARTTLS", *BYE), PASS, tls=NONE),
    "STARTTLS required but missing fails": Case((*OPEN, "C: QUIT"), "starttls_missing@starttls", tls=REQUIRED),
    "STARTTLS is missing after HELO": Case(
        (*HELLO, "S: 500 what", "C: HELO", "S: 250 hi", "C: QUIT"), "starttls_missing@starttls", tls=REQUIRED
    ),
    "STARTTLS refused for now goes on with a warning": Case(
        (*STARTTLS, "S: 454 no", *BYE), PASS, ("starttls_refused",)
    ),
    "STARTTLS refused for good goes on with a warning": Case(
        (*STARTTLS, "S: 502 no", *BYE), PASS, ("starttls_refused",)
    ),
    "STARTTLS required but refused fails": Case(
        (*STARTTLS, "S: 454 no", "C: QUIT"), "starttls_refused@starttls", tls=REQUIRED
    ),
    "STARTTLS answered with 421 is temporary": Case((*STARTTLS, "S: 421 bye", "C: QUIT"), "temporary_refusal@starttls"),
    "STARTTLS answered out of place is a protocol error": Case(
        (*STARTTLS, "S: 250 fine", "C: QUIT"), "protocol_error@starttls"
    ),
    "words in clear after the go-ahead are an injection": Case(
        (*STARTTLS, Raw(b"220 go\r\n250 injected\r\n"), "C: QUIT"), "starttls_injection@starttls"
    ),
    "plain text instead of a handshake fails": Case(
        (*STARTTLS, "S: 220 go", Pause(0.02), "S: 250 hello"), "tls_handshake@tls"
    ),
    "closing instead of a handshake is closed": Case((*STARTTLS, "S: 220 go"), "closed@tls"),
    "a reset instead of a handshake is reset": Case((*STARTTLS, "S: 220 go", Pause(0.02), Reset()), "reset@tls"),
    # certificates
    **{
        f"{kind} on opportunistic STARTTLS is a warning": Case(
            (*STARTTLS, "S: 220 go", Tls(kind), "C: EHLO", "S: 250 x", *BYE), PASS, ("certificate_invalid",)
        )
        for kind in ("expired", "not yet valid", "wrong host", "unknown issuer")
    },
    **{
        f"{certificate} on required STARTTLS fails": Case(
            (*STARTTLS, "S: 220 go", Tls(certificate), "C: QUIT"), f"{failure}@tls", tls=REQUIRED, host=HOST
        )
        for certificate, failure in (
            ("expired", "certificate_expired"),
            ("not yet valid", "certificate_not_yet_valid"),
            ("wrong host", "certificate_wrong_host"),
            ("unknown issuer", "certificate_untrusted"),
        )
    },
    "a bad certificate with a login fails, and the password is not sent": Case(
        (*STARTTLS, "S: 220 go", Tls("expired"), "C: QUIT"), "certificate_expired@tls", login=LOGIN
    ),
    "a bad certificate passes where it is not verified": Case(
        (Tls("wrong host"), *OPEN, *BYE), PASS, tls=IMPLICIT, verify=False
    ),
    # TLS from the first byte
    "implicit TLS passes": Case((Tls(), *OPEN, *BYE), PASS, tls=IMPLICIT),
    "implicit TLS with a bad certificate fails": Case(
        (Tls("unknown issuer"), "C: QUIT"), "certificate_untrusted@tls", tls=IMPLICIT
    ),
    "plain text on the TLS port fails": Case((*GREETING, Hang()), "tls_handshake@tls", tls=IMPLICIT),
    "silence on the TLS port times out": Case((Hang(),), "timeout@tls", tls=IMPLICIT, timeout=0.3),
    # login
    "PLAIN is tried first": Case((*AUTH, "S: 235 ok", *BYE), PASS, login=LOGIN),
    "PLAIN asks for its message again": Case((*AUTH, "S: 334 ", "C: " + PLAIN, "S: 235 ok", *BYE), PASS, login=LOGIN),
    "LOGIN is used where PLAIN is not offered": Case(
        (
            *AUTH_LOGIN,
            "S: 334 VXNlcm5hbWU6",
            "C: " + USER_64,
            "S: 334 UGFzc3dvcmQ6",
            "C: " + PASSWORD_64,
            "S: 235 ok",
            *BYE,
        ),
        PASS,
        login=LOGIN,
    ),
    "the old spelling of AUTH is understood": Case(
        (*SECURED, "S: 250-x", "S: 250 AUTH=PLAIN LOGIN", "C: AUTH PLAIN", "S: 235 ok", *BYE), PASS, login=LOGIN
    ),
    "a long login waits for the prompt": Case(
        (*SECURED, "S: 250-x", "S: 250 AUTH PLAIN", "C: AUTH PLAIN", "S: 334 ", "C: AHVzZXIA", "S: 235 ok", *BYE),
        PASS,
        login=("user", "p" * 600),
    ),
    "a wrong password is refused": Case((*AUTH, "S: 535 5.7.8 no", "C: QUIT"), "login_refused@auth", login=LOGIN),
    "a wrong user of LOGIN is refused": Case(
        (*AUTH_LOGIN, "S: 334 ", "C: ", "S: 535 no", "C: QUIT"),
        "login_refused@auth",
        login=LOGIN,
    ),
    "a login server that is away is unavailable": Case(
        (*AUTH, "S: 454 4.7.0 later", "C: QUIT"), "login_unavailable@auth", login=LOGIN
    ),
    "a password to be changed is refused": Case(
        (*AUTH, "S: 432 change it", "C: QUIT"), "login_refused@auth", login=LOGIN
    ),
    "a mechanism too weak is missing": Case(
        (*AUTH, "S: 534 weak", "C: QUIT"), "login_mechanism_missing@auth", login=LOGIN
    ),
    "421 to a login is temporary": Case((*AUTH, "S: 421 bye", "C: QUIT"), "temporary_refusal@auth", login=LOGIN),
    "250 to a login is a protocol error": Case((*AUTH, "S: 250 ok", "C: QUIT"), "protocol_error@auth", login=LOGIN),
    "no common mechanism is missing": Case(
        (*SECURED, "S: 250-x", "S: 250 AUTH GSSAPI", "C: QUIT"), "login_mechanism_missing@auth", login=LOGIN
    ),
    "no mechanism at all is missing": Case(
        (*SECURED, "S: 250 x", "C: QUIT"), "login_mechanism_missing@auth", login=LOGIN
    ),
    "what was offered before TLS does not count": Case(
        (*HELLO, "S: 250-mail.test", "S: 250-AUTH PLAIN", *SECURED[3:], "S: 250 x", "C: QUIT"),
        "login_mechanism_missing@auth",
        login=LOGIN,
    ),
    "a server that says the password back does not show it": Case(
        (*AUTH, Tell("535 what is "), "C: QUIT"), "login_refused@auth", login=LOGIN
    ),
    "a server that knows the password does not show it": Case(
        (*AUTH, f"S: 535 {PASSWORD} {PASSWORD_64} {PLAIN} is wrong", "C: QUIT"), "login_refused@auth", login=LOGIN
    ),
    "a login without TLS warns where the user chose so": Case(
        (*CLEAR_AUTH, "C: AUTH PLAIN " + PLAIN, "S: 235 ok", *BYE), PASS, ("login_unencrypted",), tls=NONE, login=LOGIN
    ),
    "no password goes in clear when STARTTLS is missing": Case(
        (*CLEAR_AUTH, "C: QUIT"), "starttls_missing@starttls", login=LOGIN
    ),
    "no password goes in clear when STARTTLS is refused": Case(
        (*STARTTLS, "S: 454 no", "C: QUIT"), "starttls_refused@starttls", login=LOGIN
    ),
    # hanging
    "silence after connect times out": Case((Hang(),), "timeout@greeting", timeout=0.3),
    "silence after EHLO times out": Case((*HELLO, Hang()), "timeout@ehlo", timeout=0.3),
    "silence after STARTTLS times out": Case((*STARTTLS, Hang()), "timeout@starttls", timeout=0.3),
    "silence after the go-ahead times out": Case((*STARTTLS, "S: 220 go", Hang()), "timeout@tls", timeout=0.3),
    "silence after AUTH times out": Case((*AUTH, Hang()), "timeout@auth", timeout=0.5, login=LOGIN),
    "silence after QUIT times out": Case((*OPEN, "C: QUIT", Hang()), "timeout@quit", timeout=0.3),
    "a greeting without end times out": Case(
        (*(Raw(b"220-x\r\n"), Pause(0.04)) * 40, Hang()), "timeout@greeting", timeout=0.4
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
async def test_judgement(case: Case, station: Station, certificates: Certificates) -> None:
    target: dict[str, Any] = {"tls": case.tls, "verify_certificate": case.verify}
    with structlog.testing.capture_logs() as logged:
        async with playing(case.script, certificates) as server:
            result = await run_check(
                request(
                    SmtpTarget(host=case.host, port=server.port, **target),
                    login=case.login,
                    timeout_seconds=case.timeout,
                ),
                station,
            )
            await server.all_closed()
    assert _summary(result) == (case.failure, case.warnings)
    assert result.failure is None or result.failure.source is FailureSource.TARGET
    assert server.connections == 1
    assert result.address == ADDRESS
    assert result.duration_ms <= case.timeout * 1000 + 500
    if case.login:
        shown = msgspec.json.encode(result).decode() + repr(logged)
        for secret in (case.login[1], b64encode(case.login[1].encode()).decode(), PLAIN):
            assert secret not in shown


def _summary(result: CheckResult) -> tuple[str | None, tuple[str, ...]]:
    failure = f"{result.failure.kind.value}@{result.failure.phase}" if result.failure else None
    return failure, tuple(warning.kind.value for warning in result.warnings)
