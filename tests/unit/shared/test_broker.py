"""How a broker is connected to."""

from __future__ import annotations

import pytest
import trustme

from shared.nats.broker import Broker


@pytest.mark.parametrize("private", [True, False])
def test_authorities_are_read_once_for_all_connections(private: bool) -> None:
    ca = trustme.CA().cert_pem.bytes().decode() if private else None
    first, again = (Broker("tls://nats.example.net:4222", ca=ca).options()["tls"] for _ in range(2))
    assert first is again
    other = Broker("tls://nats.example.net:4222", ca=trustme.CA().cert_pem.bytes().decode()).options()["tls"]
    assert other is not first


def test_a_server_of_this_machine_needs_no_tls() -> None:
    assert "tls" not in Broker("nats://127.0.0.1:4222").options()
