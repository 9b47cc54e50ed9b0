"""Servers that end the handshake with an alert: OpenSSL sends it, while asyncio would only close the connection."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from agent.checks.runner import ProbeContext, run_check
from shared.wire.failures import FailureKind, Phase
from shared.wire.targets import TlsMode
from shared.wire.targets.imap import ImapTarget
from tests.fakes.certificates import ADDRESS, Certificates
from tests.fakes.context import request

PATIENCE_SECONDS = 10.0


@asynccontextmanager
async def shaking_hands(tls: ssl.SSLContext) -> AsyncIterator[int]:
    """A port where one client is greeted under TLS, or refused with OpenSSL's own alert."""
    with socket.create_server((ADDRESS, 0)) as listener:
        listener.settimeout(PATIENCE_SECONDS)
        serving = asyncio.create_task(asyncio.to_thread(_serve, listener, tls))
        try:
            yield listener.getsockname()[1]
        finally:
            await serving


def _serve(listener: socket.socket, tls: ssl.SSLContext) -> None:
    client, _ = listener.accept()
    client.settimeout(PATIENCE_SECONDS)
    with client, suppress(ssl.SSLError), tls.wrap_socket(client, server_side=True) as secure:
        secure.sendall(b"* OK ready\r\n")


@pytest.mark.parametrize(
    ("kind", "phase", "detail"),
    [
        pytest.param(
            "client certificate required by TLS 1.2",
            Phase.TLS,
            "TLS: sslv3 alert handshake failure",
            id="a client certificate that TLS 1.2 requires",
        ),
        pytest.param(
            "client certificate required",
            Phase.GREETING,  # the client's part of TLS 1.3 has ended when the server sees that it sent none
            "TLS: tlsv13 alert certificate required",
            id="a client certificate that TLS 1.3 requires",
        ),
        pytest.param(
            "unencrypted cipher", Phase.TLS, "TLS: sslv3 alert handshake failure", id="ciphers that encrypt nothing"
        ),
    ],
)
async def test_a_handshake_that_the_server_refuses_is_named(
    kind: str, phase: Phase, detail: str, certificates: Certificates, context: ProbeContext
) -> None:
    async with shaking_hands(certificates.context(kind)) as port:
        result = await run_check(request(ImapTarget(host=ADDRESS, port=port, tls=TlsMode.IMPLICIT)), context)
    assert result.failure is not None
    assert (result.failure.kind, result.failure.phase) == (FailureKind.TLS_HANDSHAKE, phase)
    assert result.failure.detail == detail
