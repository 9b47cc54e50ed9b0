"""One certificate in DER, as it is read, and its names against names and addresses."""

from __future__ import annotations

import warnings

from agent.net.certificate import UNREADABLE, describe, names, names_host, read
from tests.unit.agent.net.certificate_samples import certificate, der, leaf

SEEDS = (
    der(leaf()),
    der(certificate("mail.example.test", "*.example.test", "192.0.2.1", "2001:db8::1")),
    der(certificate()),
)


def check(data: bytes) -> None:
    """Reading raises the documented errors only; what can be described can be compared too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            certificate = read([data])[0]
            described = describe(certificate)
        except UNREADABLE:
            return
        assert all(isinstance(value, str | list) for value in described.values())
        for host in ("mail.example.test", "192.0.2.1", "2001:db8::1", "", "*.test"):
            assert isinstance(names_host(certificate, host), bool)
        assert len(names(certificate)) >= len(described["certificateNames"])  # type: ignore[arg-type]
