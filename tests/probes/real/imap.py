"""Dovecot's IMAP in each TLS mode, with each login it offers, and its mailboxes."""

from __future__ import annotations

from functools import partial

from shared.wire.targets import TlsMode
from shared.wire.targets.imap import ImapTarget
from tests.fakes.dovecot import ACCENTED_MAILBOX, MESSAGES, STRICT_ADDRESS
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

imap = partial(row, ImapTarget)
NONE, OPPORTUNISTIC, REQUIRED, IMPLICIT = TlsMode.NONE, TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED, TlsMode.IMPLICIT
imap_port, imaps_port = dovecot("imap_port"), dovecot("imaps_port")
IMAP_TLS = "greeting starttls tls capabilities"

ROWS: dict[str, Row] = {
    "Dovecot's IMAP in clear": imap(imap_port, passes(), "greeting quit", tls=NONE),
    "Dovecot's IMAP with STARTTLS where offered": imap(imap_port, passes(), f"{IMAP_TLS} quit"),
    "Dovecot's IMAP with STARTTLS required warns of logins in clear": imap(
        imap_port, OFFERED, f"{IMAP_TLS} quit", tls=REQUIRED
    ),
    "Dovecot's IMAP under TLS": imap(imaps_port, passes(), "tls greeting quit", tls=IMPLICIT),
    "Dovecot's IMAP at an address that its certificate does not name": imap(
        imaps_port, fails("certificate_wrong_host@tls"), "tls", tls=IMPLICIT, host=STRICT_ADDRESS
    ),
    "Dovecot's IMAP at such an address passes where the certificate is not verified": imap(
        imaps_port,
        passes(),
        "tls greeting quit",
        tls=IMPLICIT,
        host=STRICT_ADDRESS,
        verify_certificate=False,
        facts={"certificateValid": False},
    ),
    "Dovecot's IMAP that expects the PROXY protocol": imap(
        dovecot("imap_behind_proxy"), fails("closed@greeting"), "greeting"
    ),
    "an IMAP login in clear": imap(
        imap_port,
        passes("login_unencrypted"),
        "greeting auth mailbox quit",
        tls=NONE,
        login=RIGHT,
        facts=FULL_MAILBOX,
    ),
    "an IMAP login with STARTTLS where offered": imap(
        imap_port, OFFERED, f"{IMAP_TLS} auth mailbox quit", login=RIGHT, facts=FULL_MAILBOX
    ),
    "an IMAP login with STARTTLS required": imap(
        imap_port, OFFERED, f"{IMAP_TLS} auth mailbox quit", tls=REQUIRED, login=RIGHT, facts=logged_in_by("CRAM-MD5")
    ),
    "an IMAP login under TLS": imap(
        imaps_port,
        passes(),
        "tls greeting auth mailbox quit",
        tls=IMPLICIT,
        login=RIGHT,
        facts=logged_in_by("CRAM-MD5") | FULL_MAILBOX | {"uidNext": MESSAGES + 1},
    ),
    **{
        f"an IMAP login by {mechanism.upper()}": imap(
            dovecot("imaps_port", mechanism),
            passes(),
            "tls greeting auth mailbox quit",
            tls=IMPLICIT,
            login=RIGHT,
            facts=logged_in_by(mechanism.upper()) | FULL_MAILBOX,
        )
        for mechanism in ("plain", "login", "cram-md5")
    },
    "an IMAP login where passwords are hashed and CRAM-MD5 is offered": imap(
        dovecot("imaps_port", "plain", "cram-md5", scheme="SHA512-CRYPT"),
        passes(),
        "tls greeting auth mailbox quit",
        tls=IMPLICIT,
        login=RIGHT,
        facts=logged_in_by("PLAIN"),
    ),
    **{
        f"a wrong IMAP password by {mechanism.upper()}": imap(
            dovecot("imaps_port", mechanism),
            fails("login_refused@auth"),
            "tls greeting auth",
            tls=IMPLICIT,
            login=WRONG,
            facts={"responseCode": "AUTHENTICATIONFAILED"},
        )
        for mechanism in ("plain", "login", "cram-md5")
    },
    "an IMAP server that requires TLS before a password refuses a login in clear": imap(
        dovecot("imap_port", "plain"),
        fails("login_mechanism_missing@auth"),
        "greeting auth",
        tls=NONE,
        login=RIGHT,
        host=STRICT_ADDRESS,
    ),
    "an IMAP server that requires TLS before a password accepts a login after STARTTLS": imap(
        dovecot("imap_port", "plain"),
        passes(),
        f"{IMAP_TLS} auth mailbox quit",
        login=RIGHT,
        host=STRICT_ADDRESS,
        verify_certificate=False,
        facts=logged_in_by("PLAIN"),
    ),
    "an IMAP server with SCRAM only has no mechanism for us": imap(
        dovecot("imaps_port", "scram-sha-256"),
        fails("login_mechanism_missing@auth"),
        "tls greeting auth",
        tls=IMPLICIT,
        login=RIGHT,
    ),
    "an IMAP server with SCRAM and PLAIN is logged in to by PLAIN": imap(
        dovecot("imaps_port", "scram-sha-256", "plain"),
        passes(),
        "tls greeting auth mailbox quit",
        tls=IMPLICIT,
        login=RIGHT,
        facts=logged_in_by("PLAIN"),
    ),
    "an empty IMAP mailbox": imap(
        imaps_port, passes(), "tls greeting auth mailbox quit", tls=IMPLICIT, login=EMPTY_LOGIN, facts=EMPTY_MAILBOX
    ),
    "an IMAP mailbox with a name beyond ASCII": imap(
        imaps_port,
        passes(),
        "tls greeting auth mailbox quit",
        tls=IMPLICIT,
        login=RIGHT,
        mailbox=ACCENTED_MAILBOX,
        facts={"messages": 1},
    ),
    "an IMAP mailbox that does not exist": imap(
        imaps_port,
        fails("mailbox_missing@mailbox"),
        "tls greeting auth mailbox",
        tls=IMPLICIT,
        login=RIGHT,
        mailbox="Sales",
    ),
}
