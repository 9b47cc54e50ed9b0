"""Turns exceptions into failures by tables, never by searching the text of an error.

An exception in no table is our own fault: a bug of ours never becomes a verdict about a mail server.
"""

from __future__ import annotations

import errno
import os
import ssl

from agent.errors import CheckError
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase

_BY_TYPE: tuple[tuple[type[Exception], FailureKind], ...] = (
    (ssl.SSLError, FailureKind.TLS_HANDSHAKE),  # an OSError too, so it comes first
    (ConnectionRefusedError, FailureKind.REFUSED),
    (ConnectionResetError, FailureKind.RESET),
    (ConnectionAbortedError, FailureKind.RESET),
    (BrokenPipeError, FailureKind.RESET),
    (TimeoutError, FailureKind.TIMEOUT),
    (EOFError, FailureKind.CLOSED),
)

_BY_ERRNO = {
    errno.EHOSTUNREACH: FailureKind.UNREACHABLE,
    errno.ENETUNREACH: FailureKind.UNREACHABLE,
    errno.EHOSTDOWN: FailureKind.UNREACHABLE,
    errno.ENOPROTOOPT: FailureKind.UNREACHABLE,  # ICMP protocol unreachable
    errno.EPROTO: FailureKind.UNREACHABLE,
}
"""The kinds of errors that the network path reports (ICMP). A missing local route is found by agent.net.stream."""

_TEXTS: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLEOFError, "the server closed the connection"),
    (ssl.SSLError, "TLS: the handshake failed"),
    (EOFError, "the server closed the connection"),
    (ConnectionRefusedError, "the server refused the connection"),
    (ConnectionError, "the connection was reset"),
    (TimeoutError, "the server did not answer in time"),
)
"""The texts of errors without an error number: their own text comes from a library and may quote anything."""


def classify(error: BaseException, phase: Phase | None) -> Failure:
    """The failure that an exception in `phase` stands for."""
    if isinstance(error, CheckError):
        return Failure(kind=error.kind, source=error.source, phase=phase, detail=error.detail)
    for kind_of_error, kind in _BY_TYPE:
        if isinstance(error, kind_of_error):
            return Failure(kind=kind, source=FailureSource.TARGET, phase=phase, detail=describe(error))
    if isinstance(error, OSError) and error.errno in _BY_ERRNO:
        return Failure(
            kind=_BY_ERRNO[error.errno], source=FailureSource.TARGET, phase=phase, detail=os.strerror(error.errno)
        )
    return Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT, phase=phase, detail=describe(error))


def describe(error: BaseException) -> str:
    """A text from fixed words only: the free text of an exception may quote anything, a password included.

    The detail of a CheckError is our own text; the runner removes secrets from it as from all of a result.
    """
    if isinstance(error, CheckError):
        return error.detail
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None)  # OpenSSL's word; not every SSLError comes from OpenSSL
        if reason and not isinstance(error, ssl.SSLEOFError):
            return f"TLS: {reason.replace('_', ' ').lower()}"
    elif isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    text = next((text for kind, text in _TEXTS if isinstance(error, kind)), None)
    return text or f"an error inside the agent ({type(error).__name__})"
