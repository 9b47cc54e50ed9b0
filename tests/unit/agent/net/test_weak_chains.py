"""Weak keys and signatures are named and do not break the trust in a chain; whatever else is wrong still does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from agent.net.chain import Roots
from shared.wire.failures import FailureKind
from tests.fakes.weak_certificates import signed_with_sha1
from tests.unit.agent.net.certificate_samples import (
    CA,
    CLIENT_ONLY,
    KEY,
    NOT_SIGNING,
    NOW,
    ROOT,
    certificate,
    examined,
    kinds,
    leaf,
)

RSA_512 = rsa.RSAPublicNumbers(65537, 2**511 + 111).public_key()
RSA_1024 = rsa.generate_private_key(65537, 1024)  # noqa: S505 - what is tested
EDWARDS = ed25519.Ed25519PrivateKey.generate()
BRAINPOOL = ec.generate_private_key(ec.BrainpoolP256R1())
DSA = dsa.generate_private_key(1024)  # noqa: S505


def issued(
    subject: str,
    key: CertificateIssuerPrivateKeyTypes | rsa.RSAPublicKey,
    issuer: str,
    by: CertificateIssuerPrivateKeyTypes,
    *extensions: x509.ExtensionType,
    days: tuple[int, int] = (-1, 1),
    critical: bool = False,
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key if isinstance(key, rsa.RSAPublicKey) else key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("mail.test")]), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(by, None if isinstance(by, ed25519.Ed25519PrivateKey) else SHA256())


SHA1_LEAF = signed_with_sha1(leaf(), KEY)
SHORT_ROOT = issued("root", RSA_1024, "root", RSA_1024, CA)
SHORT_MID = issued("mid", RSA_1024, "root", KEY, CA)
CRITICAL = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\5\0")
NAMES = x509.NameConstraints([x509.DNSName("mail.test")], None)


@pytest.mark.parametrize(
    ("root", "chain", "weak"),
    [
        pytest.param(ROOT, [leaf()], (), id="a strong chain has no weakness"),
        pytest.param(ROOT, [SHA1_LEAF], ("signed with SHA-1",), id="a SHA-1 signature is weak"),
        pytest.param(
            ROOT, [issued("leaf", RSA_1024, "root", KEY)], ("RSA key of 1024 bits",), id="a key of 1024 bits is weak"
        ),
        pytest.param(
            SHORT_ROOT,
            [issued("leaf", RSA_1024, "root", RSA_1024)],
            ("RSA key of 1024 bits", "CN=root: RSA key of 1024 bits"),
            id="a root of 1024 bits is weak too",
        ),
        pytest.param(
            ROOT,
            [issued("leaf", KEY, "mid", RSA_1024), SHORT_MID],
            ("CN=mid: RSA key of 1024 bits",),
            id="an intermediate of 1024 bits is weak",
        ),
        pytest.param(
            ROOT,
            [leaf("mid"), signed_with_sha1(certificate(subject="mid", issuer="root", extensions=(CA,)), KEY)],
            ("CN=mid: signed with SHA-1",),
            id="an intermediate with a SHA-1 signature is weak",
        ),
        pytest.param(
            signed_with_sha1(ROOT, KEY), [leaf()], (), id="nobody relies on the signature of a root by itself"
        ),
        pytest.param(ROOT, [issued("leaf", DSA, "root", KEY)], ("DSA key of 1024 bits",), id="a DSA key is weak"),
        pytest.param(
            issued("root", EDWARDS, "root", EDWARDS, CA),
            [issued("leaf", EDWARDS, "root", EDWARDS)],
            (),
            id="Ed25519 is good, though the web does not use it",
        ),
        pytest.param(
            issued("root", BRAINPOOL, "root", BRAINPOOL, CA),
            [issued("leaf", BRAINPOOL, "root", BRAINPOOL)],
            (),
            id="a curve of 256 bits is good, though the web does not use it",
        ),
    ],
)
def test_weak_chains_are_trusted(root: x509.Certificate, chain: list[x509.Certificate], weak: tuple[str, ...]) -> None:
    examination = examined(chain, roots=[root])
    assert (examination.problem, examination.weak) == (None, weak)


@pytest.mark.parametrize(
    ("root", "chain"),
    [
        pytest.param(certificate(subject="root"), [SHA1_LEAF], id="the issuer is no CA"),
        pytest.param(
            certificate(subject="root", extensions=(CA, NOT_SIGNING)), [SHA1_LEAF], id="the issuer may not sign"
        ),
        pytest.param(ROOT, [signed_with_sha1(leaf("root", CLIENT_ONLY), KEY)], id="the certificate is for clients"),
        pytest.param(
            ROOT,
            [signed_with_sha1(issued("leaf", RSA_512, "root", KEY), KEY)],
            id="a key of 512 bits, which anybody can break in hours",
        ),
        pytest.param(
            ROOT, [signed_with_sha1(leaf(), ec.generate_private_key(ec.SECP256R1()))], id="another key signed it"
        ),
        pytest.param(certificate(subject="stranger", extensions=(CA,)), [SHA1_LEAF], id="the root has another name"),
        pytest.param(
            issued("root", RSA_1024, "root", RSA_1024, CA, days=(-3, -2)),
            [issued("leaf", RSA_1024, "root", RSA_1024)],
            id="the root has expired",
        ),
        pytest.param(
            ROOT,
            [issued("leaf", KEY, "mid", RSA_1024), issued("mid", RSA_1024, "root", KEY, CA, days=(-3, -2))],
            id="the intermediate has expired",
        ),
        pytest.param(
            ROOT,
            [issued("leaf", KEY, "mid", RSA_1024), issued("mid", RSA_1024, "root", KEY, CA, NAMES)],
            id="the intermediate is limited to names, even if to this one",
        ),
        pytest.param(
            SHORT_ROOT,
            [issued("leaf", RSA_1024, "root", RSA_1024, CRITICAL, critical=True)],
            id="an extension that must be understood is not",
        ),
        pytest.param(
            issued("root", RSA_1024, "root", RSA_1024, x509.BasicConstraints(ca=True, path_length=0)),
            [issued("leaf", KEY, "mid", RSA_1024), issued("mid", RSA_1024, "root", RSA_1024, CA)],
            id="the root allows no CA below it",
        ),
        pytest.param(
            ROOT,
            [issued("leaf", KEY, "mid", RSA_1024), issued("mid", RSA_1024, "mid", RSA_1024, CA)],
            id="the chain ends in a stranger that trusts itself",
        ),
    ],
)
def test_a_weak_chain_with_another_fault_is_not_trusted(root: x509.Certificate, chain: list[x509.Certificate]) -> None:
    examination = examined(chain, roots=[root])
    assert kinds(examination) == [FailureKind.CERTIFICATE_UNTRUSTED]


def test_a_weak_chain_is_judged_at_the_moment_of_the_check() -> None:
    root = issued("root", RSA_1024, "root", RSA_1024, CA, days=(-1, 10))
    last = issued("leaf", RSA_1024, "root", RSA_1024, days=(-1, 5))
    assert not examined([last], roots=[root], now=NOW + timedelta(days=4)).problems
    assert kinds(examined([last], roots=[root], now=NOW + timedelta(days=6))) == [FailureKind.CERTIFICATE_EXPIRED]


def test_a_chain_of_many_certificates_of_one_name_is_given_up() -> None:
    """Each of them could have signed the next one; so many signatures would take long."""
    crowd = [issued("mid", RSA_1024, "mid", RSA_1024, CA) for _ in range(60)]
    verified = Roots([ROOT]).verify(issued("leaf", KEY, "mid", RSA_1024), crowd, NOW)
    assert verified.refusal == "no chain to a trusted root from issuer CN=mid by the certificates that the server sent"
