"""Logins and clear text: when a dialogue must be encrypted first, and what a check warns about. For every protocol."""

from __future__ import annotations

from agent.errors import CheckError
from shared.wire.failures import CheckWarning, FailureKind, WarningKind
from shared.wire.targets import Target, TlsMode


def upgrades(target: Target) -> bool:
    """Whether STARTTLS is used at all."""
    return target.tls in (TlsMode.OPPORTUNISTIC, TlsMode.REQUIRED)


def needs_tls(target: Target) -> bool:
    """Whether a server without STARTTLS fails: no password goes in clear unless the user chose no TLS."""
    return target.tls is TlsMode.REQUIRED or (target.login is not None and target.tls is not TlsMode.NONE)


def warn_login_offered(target: Target, offered: list[str]) -> list[CheckWarning]:
    """`offered` before STARTTLS, such ways make a careless client say its password in clear (RFC 8314 section 4.1).

    Told only to those who log in here or ask for TLS: to others it is nothing they watch.
    """
    if not offered or not needs_tls(target):
        return []
    told = f"offered before STARTTLS: {', '.join(offered)}"
    return [CheckWarning(kind=WarningKind.LOGIN_OFFERED_UNENCRYPTED, detail=told)]


def warn_in_clear(target: Target, *, encrypted: bool) -> list[CheckWarning]:
    """What to say about a login that is about to be made. Raises CheckError where it must not be."""
    if encrypted:
        return []
    if target.tls is not TlsMode.NONE:
        raise CheckError(FailureKind.STARTTLS_MISSING, "no password is sent without TLS")
    return [CheckWarning(kind=WarningKind.LOGIN_UNENCRYPTED, detail="the login went over the network without TLS")]
