"""A certificate authority of our own, and server contexts with every kind of certificate a check may meet."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path

import trustme
from cryptography import x509

from shared.clock import utc_now

HOST = "localhost"
ADDRESS = "127.0.0.1"


class Certificates:
    """One CA and its leaves, made once per test run: making keys costs more than a check."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        now = utc_now()
        stranger = trustme.CA()
        between = self.authority.create_child_ca()
        self._leaves = {
            "good": self.authority.issue_cert(HOST, ADDRESS),
            "good by an intermediate": between.issue_cert(HOST, ADDRESS),
            "expired": self.authority.issue_cert(
                HOST, ADDRESS, not_before=now - timedelta(days=30), not_after=now - timedelta(days=1)
            ),
            "not yet valid": self.authority.issue_cert(
                HOST, ADDRESS, not_before=now + timedelta(days=1), not_after=now + timedelta(days=30)
            ),
            "wrong host": self.authority.issue_cert("mail.elsewhere.test"),
            "unknown issuer": stranger.issue_cert(HOST, ADDRESS),
        }
        self._contexts: dict[str, ssl.SSLContext] = {}

    @property
    def roots(self) -> list[x509.Certificate]:
        return [x509.load_pem_x509_certificate(self.authority.cert_pem.bytes())]

    def chain(self, kind: str) -> list[bytes]:
        """The certificates a server of that kind sends, DER, its own first."""
        return [ssl.PEM_cert_to_DER_cert(pem.bytes().decode()) for pem in self._leaves[kind].cert_chain_pems]

    def context(self, kind: str) -> ssl.SSLContext:
        """A server's context with a certificate of that kind."""
        if kind not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._leaves[kind].configure_cert(context)
            self._contexts[kind] = context
        return self._contexts[kind]

    def write(self, folder: Path) -> tuple[Path, Path, Path]:
        """Files of the CA's certificate, the good leaf's chain and its key, as real servers want them."""
        authority, chain, key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        self.authority.cert_pem.write_to_path(authority)
        for position, pem in enumerate(self._leaves["good"].cert_chain_pems):
            pem.write_to_path(chain, append=position > 0)
        self._leaves["good"].private_key_pem.write_to_path(key)
        key.chmod(0o600)
        return authority, chain, key
