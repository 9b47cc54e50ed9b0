"""Real refusals of logins by large providers: what they become, in which words, and that none counts against a password
that the server did not even check.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import pytest

from agent.checks.runner import ProbeContext, run_check
from agent.throttling.refused_logins import Outcome, outcome_of
from shared.secret import Secret
from shared.wire.failures import FailureKind, Phase
from shared.wire.messages import CheckResult
from shared.wire.sealing import seal_login
from shared.wire.targets import Login, Target, TlsMode
from shared.wire.targets.imap import ImapTarget
from shared.wire.targets.pop3 import Pop3Target
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import CLIENT_NAME, LOCATION, PUBLIC_KEY, request
from tests.fakes.scripted_server import Script, playing
from tests.probes.scripted.case import (
    CHALLENGE_64,
    CRAM_MD5,
    PASSWORD,
    PASSWORD_64,
    PLAIN,
    USER,
    USER_64,
    XOAUTH2,
)

NO_PASSWORDS = "this server no longer takes passwords here: "
APPLICATION_PASSWORD = "an application password may be needed here: "
MISSING, REFUSED = FailureKind.LOGIN_MECHANISM_MISSING, FailureKind.LOGIN_REFUSED

MICROSOFT, GOOGLE, OTHER = "smtp.office365.com", "smtp.gmail.com", "mail.example.test"
MACHINE = "[FR4P281CA0026.DEUP281.PROD.OUTLOOK.COM 2026-11-22T06:32:18.104Z 08DDEA236178B5C2]"


class Reply(NamedTuple):
    """The text of a server's final reply to a login, and the kind and first words of the failure they become."""

    host: str
    text: str
    kind: FailureKind
    words: str


SMTP = {
    "Microsoft, passwords off by default": Reply(
        MICROSOFT, "550 5.7.30 Basic authentication is not supported for Client Submission.", MISSING, NO_PASSWORDS
    ),
    "Microsoft, the same in two lines": Reply(
        MICROSOFT,
        "550-5.7.30 Basic authentication is not supported\n550 5.7.30 for Client Submission.",
        MISSING,
        NO_PASSWORDS,
    ),
    "Microsoft, the same with the code of refused logins": Reply(
        MICROSOFT, "535 5.7.30 Basic authentication is not supported", MISSING, NO_PASSWORDS
    ),
    "Microsoft, basic authentication disabled": Reply(
        MICROSOFT,
        f"535 5.7.139 Authentication unsuccessful, basic authentication is disabled. {MACHINE}",
        MISSING,
        NO_PASSWORDS,
    ),
    "Microsoft, disabled for the organization": Reply(
        MICROSOFT,
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit"
        f" https://aka.ms/smtp_auth_disabled for more information. {MACHINE}",
        MISSING,
        NO_PASSWORDS,
    ),
    "Microsoft, disabled in the second line": Reply(
        MICROSOFT,
        "535-5.7.139 Authentication unsuccessful,\n535 5.7.139 basic authentication is disabled.",
        MISSING,
        NO_PASSWORDS,
    ),
    "Microsoft, a wrong password": Reply(
        MICROSOFT,
        f"535 5.7.139 Authentication unsuccessful, the user credentials were incorrect. {MACHINE}",
        REFUSED,
        "535 5.7.139 ",
    ),
    "Microsoft, a policy": Reply(
        MICROSOFT,
        "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be authenticated"
        f" successfully. Contact your administrator. {MACHINE}",
        REFUSED,
        "535 5.7.139 ",
    ),
    "Exchange, a wrong password": Reply(
        OTHER, "535 5.7.3 Authentication unsuccessful", REFUSED, "535 5.7.3 Authentication"
    ),
    "Google, an application password is demanded": Reply(
        GOOGLE,
        "534-5.7.9 Application-specific password required. For more information, go to\n"
        "534 5.7.9  https://support.google.com/mail/?p=InvalidSecondFactor 6a1803df08f44-8ffd82ea - gsmtp",
        MISSING,
        NO_PASSWORDS,
    ),
    "Google, a wrong password": Reply(
        GOOGLE,
        "535-5.7.8 Username and Password not accepted. For more information, go to\n"
        "535 5.7.8  https://support.google.com/mail/?p=BadCredentials 6a1803df08f44-8ffd82ea - gsmtp",
        REFUSED,
        APPLICATION_PASSWORD + "535 5.7.8 Username",
    ),
    "Google under its older name": Reply(
        "smtp.googlemail.com", "535 5.7.8 no", REFUSED, APPLICATION_PASSWORD + "535 5.7.8 no"
    ),
    "Google, a browser is demanded": Reply(
        GOOGLE,
        "534-5.7.14 <https://accounts.google.com/signin/continue> Please log in\n534 5.7.14 via your web browser",
        MISSING,
        "534 5.7.14 ",
    ),
    "somebody who is not Google": Reply("gmail.com.example.test", "535 5.7.8 no", REFUSED, "535 5.7.8 no"),
    "Apple": Reply("smtp.mail.me.com", "535 5.7.8 Error: authentication failed:", REFUSED, "535 5.7.8 Error"),
    "Yahoo": Reply("smtp.mail.yahoo.com", "535 5.7.0 (#AUTH005) Too many bad auth attempts.", REFUSED, "535 5.7.0"),
    "a server that refuses with 550": Reply(OTHER, "550 5.7.3 go away", REFUSED, "550 5.7.3"),
}

IMAP = {
    "Microsoft, basic authentication disabled": Reply(
        "outlook.office365.com", "NO Basic authentication is disabled.", MISSING, NO_PASSWORDS
    ),
    "Microsoft, the older words": Reply(
        "outlook.office365.com",
        "NO [AUTHENTICATIONFAILED] AuthFailed:LogonDenied-BasicAuthBlocked-<UserType:OutlookCom>",
        MISSING,
        NO_PASSWORDS,
    ),
    "Microsoft, a wrong password": Reply("outlook.office365.com", "NO LOGIN failed.", REFUSED, "NO LOGIN failed."),
    "Google, an application password is demanded": Reply(
        "imap.gmail.com",
        "NO [ALERT] Application-specific password required:"
        " https://support.google.com/accounts/answer/185833 (Failure)",
        MISSING,
        NO_PASSWORDS,
    ),
    "Google, a wrong password": Reply(
        "imap.gmail.com",
        "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
        REFUSED,
        APPLICATION_PASSWORD + "NO [AUTHENTICATIONFAILED]",
    ),
    "Yahoo": Reply(
        "imap.mail.yahoo.com",
        "NO [AUTHENTICATIONFAILED] AUTHENTICATE Invalid credentials",
        REFUSED,
        "NO [AUTHENTICATIONFAILED]",
    ),
}

POP3 = {
    "Microsoft, basic authentication disabled": Reply(
        "outlook.office365.com", "-ERR Basic authentication is disabled.", MISSING, NO_PASSWORDS
    ),
    "Microsoft, a wrong password": Reply(
        "outlook.office365.com", "-ERR Logon failure: unknown user name or bad password.", REFUSED, "-ERR Logon"
    ),
    "Google, an application password is demanded": Reply(
        "pop.gmail.com",
        "-ERR [AUTH] Application-specific password required:"
        " http://support.google.com/accounts/bin/answer.py?answer=185833",
        MISSING,
        NO_PASSWORDS,
    ),
    "Google, a wrong password": Reply(
        "pop.gmail.com",
        "-ERR [AUTH] Username and password not accepted.",
        REFUSED,
        APPLICATION_PASSWORD + "-ERR [AUTH]",
    ),
    "Yandex": Reply("pop.yandex.ru", "-ERR [AUTH] login failure or POP3 disabled", REFUSED, "-ERR [AUTH]"),
}

_SMTP = ("S: 220 ready", f"C: EHLO {CLIENT_NAME}", "S: 250-x")
_IMAP = "S: * OK [CAPABILITY IMAP4rev1 SASL-IR {}] ready"
_POP3 = ("S: +OK ready", "C: CAPA", "S: +OK")
_PROMPTED = ("C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", f"C: {USER_64}", "S: 334 UGFzc3dvcmQ6", f"C: {PASSWORD_64}")


async def checked(
    script: Script,
    kind: type[Target],
    host: str,
    context: ProbeContext,
    certificates: Certificates,
    bearer: bool = False,
) -> CheckResult:
    """The result of a check of `host`, whose address is that of a server that plays `script`."""
    async with playing(script, certificates) as server:
        made = request(kind(host=host, address=ADDRESS, port=server.port, tls=TlsMode.NONE))
        login = Login(USER, Secret(PASSWORD), bearer)
        sealed = seal_login(login, PUBLIC_KEY, monitor=made.monitor_id, location=LOCATION)
        result = await run_check(msgspec.structs.replace(made, sealed_login=sealed), context)
        await server.all_closed()
    return result


def assert_as_expected(result: CheckResult, reply: Reply) -> None:
    failure = result.failure
    assert failure is not None
    assert (failure.kind, failure.phase) == (reply.kind, Phase.AUTH)
    assert failure.detail.startswith(reply.words)
    assert (outcome_of(failure) is Outcome.REFUSED) == (reply.kind is REFUSED)


@pytest.mark.parametrize("reply", [pytest.param(reply, id=name) for name, reply in SMTP.items()])
@pytest.mark.parametrize("one_line", [pytest.param(True, id="to AUTH"), pytest.param(False, id="to the password")])
async def test_a_reply_of_smtp(reply: Reply, one_line: bool, context: ProbeContext, certificates: Certificates) -> None:
    offer, tried = ("PLAIN", (f"C: AUTH PLAIN {PLAIN}",)) if one_line else ("LOGIN", _PROMPTED)
    script = (*_SMTP, f"S: 250 AUTH {offer}", *tried, *(f"S: {line}" for line in reply.text.splitlines()), "C: QUIT")
    assert_as_expected(await checked(script, SmtpTarget, reply.host, context, certificates), reply)


@pytest.mark.parametrize("reply", [pytest.param(reply, id=name) for name, reply in IMAP.items()])
@pytest.mark.parametrize(
    ("offer", "tried"),
    [
        pytest.param("AUTH=PLAIN", f"C: A1 AUTHENTICATE PLAIN {PLAIN}", id="to AUTHENTICATE"),
        pytest.param("LITERAL+", f'C: A1 LOGIN "{USER}" {{{len(PASSWORD.encode())}+}}', id="to LOGIN"),
    ],
)
async def test_a_reply_of_imap(
    reply: Reply, offer: str, tried: str, context: ProbeContext, certificates: Certificates
) -> None:
    literal = (f"C: {PASSWORD}",) if tried.endswith("}") else ()
    script = (_IMAP.format(offer), tried, *literal, f"S: A1 {reply.text}", "C: A2 LOGOUT")
    assert_as_expected(await checked(script, ImapTarget, reply.host, context, certificates), reply)


@pytest.mark.parametrize("reply", [pytest.param(reply, id=name) for name, reply in POP3.items()])
@pytest.mark.parametrize(
    ("offer", "tried"),
    [
        pytest.param("SASL PLAIN", (f"C: AUTH PLAIN {PLAIN}",), id="to AUTH"),
        pytest.param("USER", (f"C: USER {USER}", "S: +OK", f"C: PASS {PASSWORD}"), id="to PASS"),
    ],
)
async def test_a_reply_of_pop3(
    reply: Reply, offer: str, tried: Script, context: ProbeContext, certificates: Certificates
) -> None:
    script = (*_POP3, f"S: {offer}", "S: .", *tried, f"S: {reply.text}", "C: QUIT")
    assert_as_expected(await checked(script, Pop3Target, reply.host, context, certificates), reply)


@pytest.mark.parametrize(
    ("kind", "script"),
    [
        pytest.param(SmtpTarget, (*_SMTP, "S: 250 AUTH XOAUTH2", "C: QUIT"), id="smtp"),
        pytest.param(ImapTarget, (_IMAP.format("AUTH=XOAUTH2 LOGINDISABLED"), "C: A1 LOGOUT"), id="imap"),
        pytest.param(Pop3Target, (*_POP3, "S: SASL XOAUTH2", "S: .", "C: QUIT"), id="pop3"),
    ],
)
async def test_a_server_that_offers_only_logins_by_token_takes_no_passwords(
    kind: type[Target], script: Script, context: ProbeContext, certificates: Certificates
) -> None:
    result = await checked(script, kind, MICROSOFT, context, certificates)
    assert_as_expected(result, Reply(MICROSOFT, "", MISSING, f"{NO_PASSWORDS}no usable "))


async def test_a_token_that_is_refused_says_nothing_about_passwords(
    context: ProbeContext, certificates: Certificates
) -> None:
    """An organization that switched logins over SMTP off refuses tokens by the same reply."""
    for line, host, kind in (
        ("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled", MICROSOFT, MISSING),
        ("535 5.7.8 Username and Password not accepted", GOOGLE, REFUSED),
    ):
        script = (*_SMTP, "S: 250 AUTH XOAUTH2", f"C: AUTH XOAUTH2 {XOAUTH2}", f"S: {line}", "C: QUIT")
        result = await checked(script, SmtpTarget, host, context, certificates, bearer=True)
        assert_as_expected(result, Reply(host, line, kind, line))


async def test_a_proof_refused_as_a_password_is_followed_by_the_password(
    context: ProbeContext, certificates: Certificates
) -> None:
    script = (
        *_SMTP,
        "S: 250 AUTH CRAM-MD5 PLAIN",
        "C: AUTH CRAM-MD5",
        f"S: 334 {CHALLENGE_64}",
        f"C: {CRAM_MD5}",
        "S: 534 5.7.9 Authentication mechanism is too weak",
        f"C: AUTH PLAIN {PLAIN}",
        "S: 235 2.7.0 welcome",
        "C: QUIT",
        "S: 221 bye",
    )
    assert (await checked(script, SmtpTarget, OTHER, context, certificates)).failure is None
