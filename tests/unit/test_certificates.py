"""Which names a certificate is for (RFC 9525, and OpenSSL's rules where it is silent)."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from agent.net.tls import Trust, names_host
from shared.clock import utc_now
from shared.failures import FailureKind

KEY = ec.generate_private_key(ec.SECP256R1())
NOW = utc_now()


def certificate(
    *names: str,
    subject: str = "cn.example.test",
    issuer: str | None = None,
    extensions: tuple[x509.ExtensionType, ...] = (),
) -> x509.Certificate:
    """A certificate as a careless private CA makes it: no key identifiers, no usages."""
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


@pytest.mark.parametrize(
    ("names", "host", "good"),
    [
        pytest.param(["mail.example.test"], "mail.example.test", True, id="the very name"),
        pytest.param(["MAIL.example.test"], "mail.EXAMPLE.test", True, id="in any case"),
        pytest.param(["mail.example.test"], "mail.example.test.", True, id="with the root's dot"),
        pytest.param(["other.test", "mail.example.test"], "mail.example.test", True, id="any of several"),
        pytest.param(["mail.example.test"], "example.test", False, id="not the parent"),
        pytest.param(["*.example.test"], "mail.example.test", True, id="a wildcard is one label"),
        pytest.param(["*.example.test"], "a.mail.example.test", False, id="a wildcard is not two labels"),
        pytest.param(["*.example.test"], "example.test", False, id="a wildcard is not no label"),
        pytest.param(["*.test"], "example.test", False, id="a wildcard for a top-level domain is none"),
        pytest.param(["m*.example.test"], "mail.example.test", False, id="a part of a label is no wildcard"),
        pytest.param(["mail.*.test"], "mail.example.test", False, id="only the leftmost label is a wildcard"),
        pytest.param(["192.0.2.1"], "192.0.2.1", True, id="an address by its SAN"),
        pytest.param(["2001:db8::1"], "2001:db8:0::1", True, id="an address in another spelling"),
        pytest.param(["mail.example.test"], "192.0.2.1", False, id="no address by a name"),
        pytest.param([], "cn.example.test", True, id="the common name where there is no SAN"),
        pytest.param(["other.test"], "cn.example.test", False, id="not the common name where there is a SAN"),
    ],
)
def test_names(names: list[str], host: str, good: bool) -> None:
    assert names_host(certificate(*names), host) is good


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


@pytest.mark.parametrize(
    ("roots", "chain", "good"),
    [
        pytest.param([ROOT], [leaf()], True, id="a careless private CA is believed"),
        pytest.param([ROOT], [leaf(), ROOT], True, id="a root that is sent along does no harm"),
        pytest.param(
            [leaf("leaf")], [leaf("leaf")], False, id="another certificate of the same name is not the one trusted"
        ),
        pytest.param([certificate(subject="stranger", extensions=(CA,))], [leaf()], False, id="another root"),
        pytest.param([certificate(subject="root")], [leaf()], False, id="a root that is no CA signs nothing"),
        pytest.param(
            [certificate(subject="root", extensions=(CA, NOT_SIGNING))], [leaf()], False, id="a CA that may not sign"
        ),
        pytest.param(
            [ROOT], [leaf("leaf2"), certificate(subject="leaf2", issuer="root")], False, id="a leaf that signs a leaf"
        ),
        pytest.param(
            [ROOT],
            [leaf("mid"), certificate(subject="mid", issuer="root", extensions=(CA,))],
            True,
            id="an intermediate",
        ),
        pytest.param([ROOT], [leaf("root", CLIENT_ONLY)], False, id="a certificate for clients is none for servers"),
    ],
)
def test_chains(roots: list[x509.Certificate], chain: list[x509.Certificate], good: bool) -> None:
    problem = Trust(roots).examine([_der(certificate) for certificate in chain], "mail.test", NOW)
    assert (problem is None) is good
    assert problem is None or problem.kind is FailureKind.CERTIFICATE_UNTRUSTED


def test_a_self_signed_certificate_that_is_trusted_itself_is_good() -> None:
    trusted = leaf("leaf")
    assert Trust([trusted]).examine([_der(trusted)], "mail.test", NOW) is None


def test_a_self_signed_certificate_is_called_so() -> None:
    problem = Trust([ROOT]).examine([_der(leaf("leaf"))], "mail.test", NOW)
    assert problem is not None
    assert problem.detail == "self-signed"


@pytest.mark.parametrize("chain", [[], [b"garbage"]])
def test_what_is_no_certificate_is_not_trusted(chain: list[bytes]) -> None:
    problem = Trust([ROOT]).examine(chain, "mail.test", NOW)
    assert problem is not None
    assert problem.kind is FailureKind.CERTIFICATE_UNTRUSTED


@pytest.mark.parametrize(
    ("days", "kind"), [(2, FailureKind.CERTIFICATE_EXPIRED), (-2, FailureKind.CERTIFICATE_NOT_YET_VALID)]
)
def test_dates_are_told_before_anything_else(days: int, kind: FailureKind) -> None:
    problem = Trust([ROOT]).examine([_der(leaf())], "elsewhere.test", NOW + timedelta(days=days))
    assert problem is not None
    assert problem.kind is kind


def _der(made: x509.Certificate) -> bytes:
    return made.public_bytes(Encoding.DER)
