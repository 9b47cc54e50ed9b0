"""Dovecot's POP3 in each TLS mode, with each login it offers, and its mailboxes."""

from __future__ import annotations

from functools import partial

from shared.wire.targets import TlsMode
from shared.wire.targets.pop3 import Pop3Target
from tests.fakes.dovecot import STRICT_ADDRESS
from tests.probes.real.row import (
    EMPTY_LOGIN,
    EMPTY_MAILBOX,
    FULL_MAILBOX,
    OFFERED,
    RIGHT,
    WRONG,
    Row,
    dovecot,
    logged_in_by,
    row,
)
from tests.probes.scripted.case import fails, passes

pop3 = partial(row, Pop3Target)
NONE, OPPORTUNISTIC, REQUIRED, IMPLICIT = TlsMode.NONE, TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED, TlsMode.IMPLICIT
pop3_port, pop3s_port = dovecot("pop3_port"), dovecot("pop3s_port")
POP3_TLS = "greeting capabilities starttls tls capabilities"

ROWS: dict[str, Row] = {
    "Dovecot's POP3 in clear": pop3(pop3_port, passes(), "greeting capabilities quit", tls=NONE),
    "Dovecot's POP3 with STLS where offered": pop3(pop3_port, passes(), f"{POP3_TLS} quit"),
    "Dovecot's POP3 with STLS required warns of logins in clear": pop3(
        pop3_port, OFFERED, f"{POP3_TLS} quit", tls=REQUIRED
    ),
    "Dovecot's POP3 under TLS": pop3(pop3s_port, passes(), "tls greeting capabilities quit", tls=IMPLICIT),
    "Dovecot's POP3 that expects the PROXY protocol": pop3(
        dovecot("pop3_behind_proxy"), fails("closed@greeting"), "greeting"
    ),
    "a POP3 login in clear": pop3(
        pop3_port,
        passes("login_unencrypted"),
        "greeting capabilities auth mailbox quit",
        tls=NONE,
        login=RIGHT,
        facts=FULL_MAILBOX,
    ),
    "a POP3 login with STLS where offered": pop3(
        pop3_port, OFFERED, f"{POP3_TLS} auth mailbox quit", login=RIGHT, facts=FULL_MAILBOX
    ),
    "a POP3 login with STLS required": pop3(
        pop3_port, OFFERED, f"{POP3_TLS} auth mailbox quit", tls=REQUIRED, login=RIGHT, facts=logged_in_by("APOP")
    ),
    "a POP3 login by APOP": pop3(
        pop3s_port,
        passes(),
        "tls greeting capabilities auth mailbox quit",
        tls=IMPLICIT,
        login=RIGHT,
        facts=logged_in_by("APOP") | FULL_MAILBOX,
    ),
    **{
        f"a POP3 login by {mechanism.upper()}": pop3(
            dovecot("pop3s_port", mechanism),
            passes(),
            "tls greeting capabilities auth mailbox quit",
            tls=IMPLICIT,
            login=RIGHT,
            facts=logged_in_by(mechanism.upper()) | FULL_MAILBOX,
        )
        for mechanism in ("plain", "login", "cram-md5")
    },
    "a POP3 login where passwords are hashed and CRAM-MD5 is offered": pop3(
        dovecot("pop3s_port", "plain", "cram-md5", scheme="SHA512-CRYPT"),
        passes(),
        "tls greeting capabilities auth mailbox quit",
        tls=IMPLICIT,
        login=RIGHT,
        facts=logged_in_by("PLAIN"),
    ),
    **{
        f"a wrong POP3 password by {mechanism.upper()}": pop3(
            dovecot("pop3s_port", mechanism),
            fails("login_refused@auth"),
            "tls greeting capabilities auth",
            tls=IMPLICIT,
            login=WRONG,
        )
        for mechanism in ("plain", "login", "cram-md5", "apop")
    },
    "a POP3 server that requires TLS before a password refuses a login in clear": pop3(
        dovecot("pop3_port", "plain"),
        fails("login_mechanism_missing@auth"),
        "greeting capabilities auth",
        tls=NONE,
        login=RIGHT,
        host=STRICT_ADDRESS,
    ),
    "a POP3 server that requires TLS before a password accepts a login after STLS": pop3(
        dovecot("pop3_port", "plain"),
        passes(),
        f"{POP3_TLS} auth mailbox quit",
        login=RIGHT,
        host=STRICT_ADDRESS,
        verify_certificate=False,
    ),
    "a POP3 server with SCRAM only, which lists USER all the same, has no mechanism for us": pop3(
        dovecot("pop3s_port", "scram-sha-256"),
        fails("login_mechanism_missing@auth"),
        "tls greeting capabilities auth",
        tls=IMPLICIT,
        login=RIGHT,
    ),
    "a POP3 server with SCRAM and PLAIN is logged in to by PLAIN": pop3(
        dovecot("pop3s_port", "scram-sha-256", "plain"),
        passes(),
        "tls greeting capabilities auth mailbox quit",
        tls=IMPLICIT,
        login=RIGHT,
        facts=logged_in_by("PLAIN"),
    ),
    "an empty POP3 mailbox": pop3(
        pop3s_port,
        passes(),
        "tls greeting capabilities auth mailbox quit",
        tls=IMPLICIT,
        login=EMPTY_LOGIN,
        facts=EMPTY_MAILBOX | {"octets": 0},
    ),
}
