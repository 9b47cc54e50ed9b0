"""From exceptions to failures, by tables. Never by searching in the text of an error.

What is in no table is our own fault: a bug of ours never becomes a verdict about somebody's mail server.
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
"""What an answer from the path (ICMP) becomes. A missing local route is told apart by agent.net.stream."""


def classify(error: BaseException, phase: Phase | None) -> Failure:
    """The failure that an exception in `phase` means."""
    if isinstance(error, CheckError):
        return Failure(kind=error.kind, source=error.source, phase=phase, detail=error.detail)
    for kind_of_error, kind in _BY_TYPE:
        if isinstance(error, kind_of_error):
            return Failure(kind=kind, source=FailureSource.TARGET, phase=phase, detail=in_words(error))
    if isinstance(error, OSError) and error.errno in _BY_ERRNO:
        return Failure(
            kind=_BY_ERRNO[error.errno], source=FailureSource.TARGET, phase=phase, detail=os.strerror(error.errno)
        )
    return Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT, phase=phase, detail=in_words(error))


def in_words(error: BaseException) -> str:
    """Only what a table knows: the free text of an exception may quote anything, a password included.

    The detail of a CheckError is our own text, and scrubbed like all of a result.
    """
    if isinstance(error, CheckError):
        return error.detail
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None) or type(error).__name__  # OpenSSL's word, when it came from there
        return f"TLS: {reason.replace('_', ' ').lower()}"
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return type(error).__name__
