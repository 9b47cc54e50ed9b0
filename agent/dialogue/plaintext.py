"""Logins in clear text, for every protocol: when a dialogue must be encrypted first, and what a check warns about."""

from __future__ import annotations

from agent.errors import CheckError
from shared.wire.failures import CheckWarning, FailureKind, WarningKind
from shared.wire.targets import Server, TlsMode


def upgrades(target: Server) -> bool:
    """Whether the check uses STARTTLS at all."""
    return target.tls in (TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED)


def needs_tls(target: Server) -> bool:
    """Whether a server without STARTTLS fails: a password is sent in clear text only if the user chose no TLS."""
    return target.tls is TlsMode.REQUIRED or (target.login is not None and target.tls is not TlsMode.NONE)


def warn_login_offered(target: Server, offered: list[str]) -> list[CheckWarning]:
    """Warn about logins `offered` before STARTTLS: a careless client would send its password in clear text there.

    See RFC 8314 section 4.1. Only for targets with a login or with required TLS; others do not care about it.
    """
    if not offered or not needs_tls(target):
        return []
    detail = f"offered before STARTTLS: {', '.join(offered)}"
    return [CheckWarning(kind=WarningKind.LOGIN_OFFERED_UNENCRYPTED, detail=detail)]


def warn_in_clear(target: Server, *, encrypted: bool) -> list[CheckWarning]:
    """The warning about a login that is about to be sent. Raises CheckError if it must not be sent."""
    if encrypted:
        return []
    if target.tls is not TlsMode.NONE:
        raise CheckError(FailureKind.STARTTLS_MISSING, "no password is sent without TLS")
    return [CheckWarning(kind=WarningKind.LOGIN_UNENCRYPTED, detail="the login went over the network without TLS")]
