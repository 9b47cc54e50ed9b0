"""Postfix in each TLS mode, with each login it offers, and with recipients it knows and does not."""

from __future__ import annotations

from functools import partial

from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.postfix import GREYLISTED, KNOWN, UNKNOWN
from tests.probes.real.row import OFFERED, RIGHT, WRONG, Port, Row, Servers, logged_in_by, row
from tests.probes.scripted.case import fails, passes

smtp = partial(row, SmtpTarget)
NONE, OPPORTUNISTIC, REQUIRED, IMPLICIT = TlsMode.NONE, TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED, TlsMode.IMPLICIT
EHLO_TLS = "greeting ehlo starttls tls ehlo"


def smtp_port(servers: Servers) -> int:
    return servers.postfix.port


def smtps_port(servers: Servers) -> int:
    return servers.postfix.tls_port


def behind_proxy(servers: Servers) -> int:
    return servers.postfix.behind_proxy


def certified_port(servers: Servers) -> int:
    return servers.postfix.certified_port


def smtp_only(mechanism: str) -> Port:
    return lambda servers: servers.postfix.mechanism_ports[mechanism]


ROWS: dict[str, Row] = {
    "Postfix in clear": smtp(smtp_port, passes(), "greeting ehlo quit", tls=NONE),
    "Postfix with STARTTLS where offered": smtp(smtp_port, passes(), f"{EHLO_TLS} quit", tls=OPPORTUNISTIC),
    "Postfix with STARTTLS required warns of logins in clear": smtp(
        smtp_port, OFFERED, f"{EHLO_TLS} quit", tls=REQUIRED
    ),
    "Postfix under TLS": smtp(smtps_port, passes(), "tls greeting ehlo quit", tls=IMPLICIT),
    "Postfix that expects the PROXY protocol": smtp(behind_proxy, fails("temporary_refusal@greeting"), "greeting"),
    "Postfix that requires a client certificate": smtp(
        certified_port, fails("temporary_refusal@greeting"), "tls greeting", tls=IMPLICIT
    ),
    "a login to Postfix in clear": smtp(
        smtp_port, passes("login_unencrypted"), "greeting ehlo auth quit", tls=NONE, login=RIGHT
    ),
    "a login to Postfix with STARTTLS where offered": smtp(smtp_port, OFFERED, f"{EHLO_TLS} auth quit", login=RIGHT),
    "a login to Postfix with STARTTLS required": smtp(
        smtp_port, OFFERED, f"{EHLO_TLS} auth quit", tls=REQUIRED, login=RIGHT, facts=logged_in_by("CRAM-MD5")
    ),
    "a login to Postfix under TLS": smtp(
        smtps_port, passes(), "tls greeting ehlo auth quit", tls=IMPLICIT, login=RIGHT, facts=logged_in_by("CRAM-MD5")
    ),
    **{
        f"a login to Postfix by {mechanism}": smtp(
            smtp_only(mechanism),
            passes() if mechanism == "CRAM-MD5" else OFFERED,
            f"{EHLO_TLS} auth quit",
            login=RIGHT,
            facts=logged_in_by(mechanism),
        )
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5")
    },
    **{
        f"a wrong password to Postfix by {mechanism}": smtp(
            smtp_only(mechanism), fails("login_refused@auth"), f"{EHLO_TLS} auth", login=WRONG
        )
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5")
    },
    "a wrong password to Postfix by all the mechanisms it offers": smtp(
        smtp_port, fails("login_refused@auth"), f"{EHLO_TLS} auth", login=WRONG, facts={"enhancedStatus": "5.7.8"}
    ),
    "a recipient Postfix knows": smtp(smtp_port, passes(), f"{EHLO_TLS} envelope quit", rcpt_to=KNOWN),
    "a recipient Postfix knows, from a sender": smtp(
        smtp_port, passes(), f"{EHLO_TLS} envelope quit", rcpt_to=KNOWN, mail_from="probe@example.test"
    ),
    "a recipient Postfix does not know": smtp(
        smtp_port, fails("recipient_refused@envelope"), f"{EHLO_TLS} envelope", rcpt_to=UNKNOWN
    ),
    "a recipient Postfix greylists": smtp(
        smtp_port, fails("temporary_refusal@envelope"), f"{EHLO_TLS} envelope", rcpt_to=GREYLISTED
    ),
}
