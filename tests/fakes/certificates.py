"""A certificate authority for tests, and server contexts with every kind of certificate a check may meet."""

from __future__ import annotations

import ssl
import warnings
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.clock import utc_now

HOST = "localhost"
ADDRESS = "127.0.0.1"


class Certificates:
    """One CA and its leaf certificates, made once per test run, because making keys takes longer than a check."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        now = utc_now()
        unknown_authority = trustme.CA()
        intermediate = self.authority.create_child_ca()
        good = self.authority.issue_cert(HOST, ADDRESS)
        self._leaves = {
            "good": good,
            "old version": good,
            "good by an intermediate": intermediate.issue_cert(HOST, ADDRESS),
            "expired": self.authority.issue_cert(
                HOST, ADDRESS, not_before=now - timedelta(days=30), not_after=now - timedelta(days=1)
            ),
            "not yet valid": self.authority.issue_cert(
                HOST, ADDRESS, not_before=now + timedelta(days=1), not_after=now + timedelta(days=30)
            ),
            "soon expired": self.authority.issue_cert(HOST, ADDRESS, not_after=now + timedelta(days=3)),
            "name only": self.authority.issue_cert(HOST),
            "address only": self.authority.issue_cert(ADDRESS),
            "self-signed": _self_signed(now),
            "wrong host": self.authority.issue_cert("mail.elsewhere.test"),
            "unknown issuer": unknown_authority.issue_cert(HOST, ADDRESS),
        }
        self._contexts: dict[str, ssl.SSLContext] = {}

    @property
    def roots(self) -> list[x509.Certificate]:
        return [x509.load_pem_x509_certificate(self.authority.cert_pem.bytes())]

    def chain(self, kind: str) -> list[bytes]:
        """The certificates that a server with a certificate of that kind sends, in DER, its own first."""
        return [ssl.PEM_cert_to_DER_cert(pem.bytes().decode()) for pem in self._leaves[kind].cert_chain_pems]

    def context(self, kind: str) -> ssl.SSLContext:
        """A TLS server context with a certificate of that kind."""
        if kind not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._leaves[kind].configure_cert(context)
            if kind == "old version":
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # the old version is intended
                    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
                context.set_ciphers("DEFAULT:@SECLEVEL=0")
            self._contexts[kind] = context
        return self._contexts[kind]

    def write(self, folder: Path) -> tuple[Path, Path, Path]:
        """Write the CA's certificate, the good leaf's chain and its key to files, as real servers read them."""
        authority, chain, key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        self.authority.cert_pem.write_to_path(authority)
        for position, pem in enumerate(self._leaves["good"].cert_chain_pems):
            pem.write_to_path(chain, append=position > 0)
        self._leaves["good"].private_key_pem.write_to_path(key)
        key.chmod(0o600)
        return authority, chain, key


def _self_signed(now: datetime) -> trustme.LeafCert:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    names = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(ip_address(ADDRESS))])
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return trustme.LeafCert(key_pem, certificate.public_bytes(serialization.Encoding.PEM), [])
