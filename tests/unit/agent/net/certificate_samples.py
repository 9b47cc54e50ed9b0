"""Certificates for the tests of their examination, and how to examine them."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.net.certificate_checks import Examination, examine
from agent.net.chain import Roots
from shared.clock import utc_now
from shared.wire.failures import FailureKind

KEY = ec.generate_private_key(ec.SECP256R1())
NOW = utc_now().replace(microsecond=500_000)  # at a whole second, when certificates end, it would be a day more


def certificate(
    *names: str,
    subject: str = "cn.example.test",
    issuer: str | None = None,
    extensions: tuple[x509.ExtensionType, ...] = (),
) -> x509.Certificate:
    """A certificate as a careless private CA makes it: without key identifiers and usages."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or subject)]))
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(KEY, SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


CA = x509.BasicConstraints(ca=True, path_length=None)
SIGNING = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
NOT_SIGNING = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
ROOT = certificate(subject="root", extensions=(CA, SIGNING))


def leaf(issuer: str = "root", *extensions: x509.ExtensionType) -> x509.Certificate:
    return certificate("mail.test", subject="leaf", issuer=issuer, extensions=extensions)


CLIENT_ONLY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])


def examined(
    chain: list[x509.Certificate],
    *,
    host: str = "mail.test",
    now: datetime = NOW,
    roots: list[x509.Certificate] | None = None,
) -> Examination:
    return examine([der(certificate) for certificate in chain], host, now, Roots(roots or [ROOT]))


def kinds(examination: Examination) -> list[FailureKind]:
    return [problem.kind for problem in examination.problems]


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def der(made: x509.Certificate) -> bytes:
    return made.public_bytes(Encoding.DER)


DER = der(leaf())
