"""Servers by the mechanisms that they offer: only a proof (CRAM-MD5), only SCRAM, only those of Windows (NTLM)."""

from __future__ import annotations

from tests.fakes.scripted_server import Script
from tests.probes.scripted import imap_login, pop3_login, smtp_login
from tests.probes.scripted.case import CHALLENGE_64, CRAM_MD5, PLAIN, Case, fails, passes
from tests.probes.scripted.imap_login import imap
from tests.probes.scripted.pop3 import secure
from tests.probes.scripted.smtp import BYE, smtp

_MISSING = fails("login_mechanism_missing@auth")
_ONLY_SCRAM = ["SCRAM-SHA-1", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"]
_ONLY_WINDOWS = ["NTLM", "GSSAPI"]
_IMAP_CRAM = ("C: A1 AUTHENTICATE CRAM-MD5", "S: + " + CHALLENGE_64, "C: " + CRAM_MD5)


def _imap_offering(*mechanisms: str) -> Script:
    return imap_login.offering("SASL-IR", "LOGINDISABLED", *(f"AUTH={name}" for name in mechanisms))


def _for_nothing(what: str, mechanisms: list[str]) -> dict[str, Case]:
    return {
        f"SMTP with {what} only has no mechanism for us": smtp(
            (*smtp_login.offering(*mechanisms), "C: QUIT"), _MISSING
        ),
        f"IMAP with {what} only has no mechanism for us": imap(
            (*_imap_offering(*mechanisms), "C: A1 LOGOUT"), _MISSING
        ),
        f"POP3 with {what} only has no mechanism for us": secure(
            (*pop3_login.offering(f"SASL {' '.join(mechanisms)}"), "C: QUIT"), _MISSING
        ),
    }


def _beside_plain(what: str, mechanisms: list[str]) -> dict[str, Case]:
    """PLAIN is used, whatever stands before it."""
    return {
        f"SMTP with {what} and PLAIN passes by PLAIN": smtp(
            (*smtp_login.offering(*mechanisms, "PLAIN"), "C: AUTH PLAIN " + PLAIN, smtp_login.OK, *BYE), passes()
        ),
        f"IMAP with {what} and PLAIN passes by PLAIN": imap(
            (*_imap_offering(*mechanisms, "PLAIN"), "C: A1 AUTHENTICATE PLAIN " + PLAIN, *imap_login.END), passes()
        ),
        f"POP3 with {what} and PLAIN passes by PLAIN": secure(
            (
                *pop3_login.offering(f"SASL {' '.join(mechanisms)} PLAIN"),
                "C: AUTH PLAIN " + PLAIN,
                "S: +OK",
                *pop3_login.EMPTY_BYE,
            ),
            passes(),
        ),
    }


_ONLY_CRAM: dict[str, Case] = {
    "SMTP with CRAM-MD5 only passes": smtp(
        (*smtp_login.offering("CRAM-MD5"), *smtp_login.CRAM, smtp_login.OK, *BYE), passes()
    ),
    "IMAP with CRAM-MD5 only passes": imap((*_imap_offering("CRAM-MD5"), *_IMAP_CRAM, *imap_login.END), passes()),
    "POP3 with CRAM-MD5 only passes": secure(
        (*pop3_login.offering("SASL CRAM-MD5"), *pop3_login.CRAM, "S: +OK", *pop3_login.EMPTY_BYE), passes()
    ),
    "IMAP with CRAM-MD5 only that refuses it is refused after one try": imap(
        (*_imap_offering("CRAM-MD5"), *_IMAP_CRAM, "S: A1 NO [AUTHENTICATIONFAILED] no", "C: A2 LOGOUT"),
        fails("login_refused@auth"),
    ),
    "POP3 with CRAM-MD5 only that refuses it is refused after one try": secure(
        (*pop3_login.offering("SASL CRAM-MD5"), *pop3_login.CRAM, "S: -ERR [AUTH] no", "C: QUIT"),
        fails("login_refused@auth"),
    ),
}

CASES = {
    **_ONLY_CRAM,
    **_for_nothing("SCRAM", _ONLY_SCRAM),
    **_for_nothing("NTLM", _ONLY_WINDOWS),
    **_beside_plain("SCRAM", _ONLY_SCRAM),
    **_beside_plain("NTLM", _ONLY_WINDOWS),
}
