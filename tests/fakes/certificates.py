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
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from shared.clock import utc_now
from tests.fakes.weak_certificates import signed_with_sha1

HOST = "localhost"
ADDRESS = "127.0.0.1"

_NAMES = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(ip_address(ADDRESS))])
_CIPHERS = {"no forward secrecy": "AES128-GCM-SHA256", "unencrypted cipher": "NULL-SHA256:ECDHE-ECDSA-NULL-SHA"}
_VERSIONS = {
    "old version": ssl.TLSVersion.TLSv1_1,
    "no forward secrecy": ssl.TLSVersion.TLSv1_2,
    "unencrypted cipher": ssl.TLSVersion.TLSv1_2,
    "client certificate required by TLS 1.2": ssl.TLSVersion.TLSv1_2,
}


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
            "client certificate requested": good,
            "client certificate required": good,
            "client certificate required by TLS 1.2": good,
            "unencrypted cipher": good,
            "missing intermediate": trustme.LeafCert(
                (hidden := intermediate.issue_cert(HOST, ADDRESS)).private_key_pem.bytes(),
                hidden.cert_chain_pems[0].bytes(),
                [],
            ),
            "SHA-1": _signed_with_sha1(good, self.authority),
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
        self._made_late = {"1024 bits": 1024, "no forward secrecy": 2048}  # RSA keys, which take long to make

    @property
    def roots(self) -> list[x509.Certificate]:
        return [x509.load_pem_x509_certificate(self.authority.cert_pem.bytes())]

    def chain(self, kind: str) -> list[bytes]:
        """The certificates that a server with a certificate of that kind sends, in DER, its own first."""
        return [ssl.PEM_cert_to_DER_cert(pem.bytes().decode()) for pem in self._leaf(kind).cert_chain_pems]

    def context(self, kind: str) -> ssl.SSLContext:
        """A TLS server context with a certificate of that kind."""
        if kind not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.set_ciphers(_CIPHERS.get(kind, "DEFAULT") + ":@SECLEVEL=0")
            self._leaf(kind).configure_cert(context)
            if kind in _VERSIONS:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # the old version is intended
                    context.minimum_version = context.maximum_version = _VERSIONS[kind]
            if kind.startswith("client certificate"):
                self.authority.configure_trust(context)
                context.verify_mode = ssl.CERT_REQUIRED if "required" in kind else ssl.CERT_OPTIONAL
            self._contexts[kind] = context
        return self._contexts[kind]

    def _leaf(self, kind: str) -> trustme.LeafCert:
        if kind in self._made_late:
            self._leaves[kind] = _with_rsa_key(self.authority, self._made_late.pop(kind))
        return self._leaves[kind]

    def write(self, folder: Path) -> tuple[Path, Path, Path]:
        """Write the CA's certificate, the good leaf's chain and its key to files, as real servers read them."""
        authority, chain, key = folder / "ca.pem", folder / "server.pem", folder / "server.key"
        self.authority.cert_pem.write_to_path(authority)
        for position, pem in enumerate(self._leaves["good"].cert_chain_pems):
            pem.write_to_path(chain, append=position > 0)
        self._leaves["good"].private_key_pem.write_to_path(key)
        key.chmod(0o600)
        return authority, chain, key


def _with_rsa_key(authority: trustme.CA, bits: int) -> trustme.LeafCert:
    key = rsa.generate_private_key(65537, bits)
    now = utc_now()
    builder = (
        x509.CertificateBuilder()
        .issuer_name(_certificate(authority.cert_pem).subject)
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(_NAMES, critical=False)
    )
    made = builder.sign(_key(authority), hashes.SHA256())
    return trustme.LeafCert(_pem(key), made.public_bytes(serialization.Encoding.PEM), [])


def _signed_with_sha1(leaf: trustme.LeafCert, authority: trustme.CA) -> trustme.LeafCert:
    made = signed_with_sha1(_certificate(leaf.cert_chain_pems[0]), _key(authority))
    return trustme.LeafCert(leaf.private_key_pem.bytes(), made.public_bytes(serialization.Encoding.PEM), [])


def _certificate(pem: trustme.Blob) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.bytes())


def _key(authority: trustme.CA) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(authority.private_key_pem.bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _self_signed(now: datetime) -> trustme.LeafCert:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(_NAMES, critical=False)
        .sign(key, hashes.SHA256())
    )
    return trustme.LeafCert(_pem(key), certificate.public_bytes(serialization.Encoding.PEM), [])
