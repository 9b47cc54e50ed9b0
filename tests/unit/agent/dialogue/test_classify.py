"""Which failure an exception means, and whose fault it is."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl

import pytest

from agent.dialogue.classify import classify
from agent.errors import CheckError
from shared.wire.failures import FailureKind, FailureSource, Phase

TARGET = [
    (ConnectionRefusedError(errno.ECONNREFUSED, "x"), FailureKind.REFUSED),
    (ConnectionResetError(errno.ECONNRESET, "x"), FailureKind.RESET),
    (ConnectionAbortedError(errno.ECONNABORTED, "x"), FailureKind.RESET),
    (BrokenPipeError(errno.EPIPE, "x"), FailureKind.RESET),
    (TimeoutError(errno.ETIMEDOUT, "x"), FailureKind.TIMEOUT),
    (OSError(errno.EHOSTUNREACH, "x"), FailureKind.UNREACHABLE),
    (OSError(errno.ENETUNREACH, "x"), FailureKind.UNREACHABLE),
    (EOFError("x"), FailureKind.CLOSED),
    (ssl.SSLError(1, "x"), FailureKind.TLS_HANDSHAKE),
    (ssl.SSLEOFError(8, "x"), FailureKind.TLS_HANDSHAKE),
]

OURS = [
    OSError(errno.EMFILE, "too many open files"),
    OSError(errno.ENFILE, "x"),
    OSError(errno.ENOBUFS, "x"),
    OSError(errno.EADDRNOTAVAIL, "x"),
    PermissionError(errno.EPERM, "x"),
    OSError(errno.ENETDOWN, "x"),
    socket.gaierror(-2, "x"),
    ValueError("x"),
    KeyError("x"),
    MemoryError(),
    AttributeError("x"),
]


@pytest.mark.parametrize(("error", "kind"), TARGET, ids=lambda value: str(value)[:40])
def test_what_the_server_or_the_path_does_is_the_targets(error: Exception, kind: FailureKind) -> None:
    failure = classify(error, Phase.GREETING)
    assert (failure.kind, failure.source, failure.phase) == (kind, FailureSource.TARGET, Phase.GREETING)


@pytest.mark.parametrize("error", OURS, ids=repr)
def test_what_is_in_no_table_is_our_own_fault(error: Exception) -> None:
    failure = classify(error, Phase.CONNECT)
    assert (failure.kind, failure.source) == (FailureKind.AGENT_ERROR, FailureSource.AGENT)


def test_a_failure_found_below_keeps_its_kind_source_and_detail() -> None:
    error = CheckError(FailureKind.ADDRESS_FORBIDDEN, "10.0.0.1", source=FailureSource.AGENT)
    failure = classify(error, Phase.RESOLVE)
    assert (failure.kind, failure.source, failure.detail) == (error.kind, error.source, "10.0.0.1")


@pytest.mark.parametrize("error", [ValueError("hunter2"), OSError(errno.EMFILE, "hunter2"), ssl.SSLError(1, "hunter2")])
def test_the_free_text_of_an_exception_is_not_shown(error: Exception) -> None:
    assert "hunter2" not in classify(error, Phase.AUTH).detail


@pytest.mark.parametrize(
    ("error", "text"),
    [
        pytest.param(EOFError(), "the server closed the connection", id="the peer closed"),
        pytest.param(asyncio.IncompleteReadError(b"x", 2), "the server closed the connection", id="amid a reply"),
        pytest.param(ssl.SSLEOFError(8, "x"), "the server closed the connection", id="under TLS"),
        pytest.param(ConnectionResetError("Connection lost"), "the connection was reset", id="without an error number"),
        pytest.param(ConnectionRefusedError("x"), "the server refused the connection", id="refused"),
        pytest.param(TimeoutError(), "the server did not answer in time", id="silent"),
        pytest.param(ssl.SSLError(1, "x"), "TLS: the handshake failed", id="TLS without a reason"),
        pytest.param(KeyError("x"), "an error inside the agent (KeyError)", id="our own bug"),
    ],
)
def test_a_detail_is_plain_english_not_the_name_of_an_exception(error: Exception, text: str) -> None:
    assert classify(error, Phase.GREETING).detail == text
