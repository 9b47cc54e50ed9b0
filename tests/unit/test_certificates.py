"""What a certificate says, for whom it is, and whether it is believed (RFC 9525, and OpenSSL where that is silent)."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.net.certificate import names_host
from agent.net.certificate_checks import Examination, examine
from agent.net.chain import Roots
from agent.net.tls import MOST_KEPT, Trust
from shared.clock import utc_now
from shared.wire.failures import FailureKind

KEY = ec.generate_private_key(ec.SECP256R1())
NOW = utc_now().replace(microsecond=500_000)  # at a whole second, as certificates end, it would be a day more


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
    seen = look(chain, roots=roots)
    assert not seen.problems if good else kinds(seen) == [FailureKind.CERTIFICATE_UNTRUSTED]
    assert seen.told["certificateChainValid"] is good
    assert seen.told["certificateNameValid"] is True


def test_a_self_signed_certificate_that_is_trusted_itself_is_good() -> None:
    trusted = leaf("leaf")
    assert not look([trusted], roots=[trusted]).problems


def test_a_self_signed_certificate_is_called_so() -> None:
    assert look([leaf("leaf")]).problem == "self-signed"


@pytest.mark.parametrize("chain", [[], [b"garbage"]])
def test_what_is_no_certificate_is_not_trusted(chain: list[bytes]) -> None:
    seen = examine(chain, "mail.test", NOW, Roots([ROOT]))
    assert kinds(seen) == [FailureKind.CERTIFICATE_UNTRUSTED]
    assert (seen.facts(NOW)["certificateValid"], seen.facts(NOW)["certificateSubject"]) == (False, None)
    assert not seen.expires_within(10_000, NOW)


@pytest.mark.parametrize(
    ("days", "kind"), [(2, FailureKind.CERTIFICATE_EXPIRED), (-2, FailureKind.CERTIFICATE_NOT_YET_VALID)]
)
def test_dates_are_told_before_anything_else(days: int, kind: FailureKind) -> None:
    seen = look([leaf()], host="elsewhere.test", now=NOW + timedelta(days=days))
    assert seen.error().kind is kind
    assert kinds(seen) == [kind, FailureKind.CERTIFICATE_WRONG_HOST]


def test_an_expired_certificate_may_still_have_the_right_chain_and_name() -> None:
    told = look([leaf()], now=NOW + timedelta(days=2)).facts(NOW + timedelta(days=2))
    assert (told["certificateValid"], told["certificateChainValid"], told["certificateNameValid"]) == (
        False,
        True,
        True,
    )
    assert told["certificateDaysLeft"] == -2
    assert str(told["certificateProblem"]).startswith("expired on ")


def test_each_thing_that_is_wrong_is_told() -> None:
    problem = look([leaf("leaf")], host="elsewhere.test", now=NOW + timedelta(days=2)).problem
    assert problem is not None
    assert "expired on" in problem
    assert "self-signed" in problem
    assert "made for mail.test, not for elsewhere.test" in problem


def test_a_good_certificate_is_told_in_full() -> None:
    good = leaf()
    assert look([good]).facts(NOW) == {
        "certificateValid": True,
        "certificateChainValid": True,
        "certificateNameValid": True,
        "certificateSubject": "CN=leaf",
        "certificateIssuer": "CN=root",
        "certificateNames": ["mail.test"],
        "certificateSerial": f"{good.serial_number:x}",
        "certificateSha256": sha256(_der(good)).hexdigest(),
        "certificateNotBefore": iso(good.not_valid_before_utc),
        "certificateNotAfter": iso(good.not_valid_after_utc),
        "certificateDaysLeft": 0,
    }


@pytest.mark.parametrize(
    ("days", "elapsed_days", "soon"),
    [
        pytest.param(14, 0.0, True, id="fewer days left than asked for"),
        pytest.param(1, -0.5, False, id="just as many days left as asked for"),
        pytest.param(0, 0.0, False, id="nobody wants to know"),
        pytest.param(14, 2.0, False, id="what has ended ends soon no more"),
    ],
)
def test_the_end_is_announced(days: int, elapsed_days: float, soon: bool) -> None:
    now = NOW + timedelta(days=elapsed_days)
    assert look([leaf()], now=now).expires_within(days, now) is soon


def test_a_verdict_is_remembered_only_while_it_holds() -> None:
    trust, chain = Trust([ROOT]), [_der(leaf())]
    first = trust.examine(chain, "mail.test", NOW)
    assert trust.examine(chain, "mail.test", NOW + timedelta(minutes=59)) is first
    assert trust.examine(chain, "mail.test", NOW + timedelta(minutes=61)) is not first
    assert trust.examine(chain, "mail.test", NOW - timedelta(seconds=1)) is not first, "the clock was set back"
    assert trust.examine(chain, "other.test", NOW).problems
    assert not trust.examine(chain, "mail.test", NOW).problems


@pytest.mark.parametrize("seconds_before_the_end", [1, 600, 3599])
def test_a_remembered_verdict_ends_with_the_certificate(seconds_before_the_end: int) -> None:
    trust, last = Trust([ROOT]), leaf()
    ends = last.not_valid_after_utc
    assert not trust.examine([_der(last)], "mail.test", ends - timedelta(seconds=seconds_before_the_end)).problems
    after = trust.examine([_der(last)], "mail.test", ends + timedelta(seconds=1))
    assert kinds(after) == [FailureKind.CERTIFICATE_EXPIRED]


def test_another_certificate_of_the_same_server_is_looked_at_anew() -> None:
    trust = Trust([ROOT])
    assert not trust.examine([_der(leaf())], "mail.test", NOW).problems
    assert trust.examine([_der(leaf("leaf"))], "mail.test", NOW).problems


def test_only_so_many_verdicts_are_remembered() -> None:
    trust = Trust([ROOT])
    for number in range(MOST_KEPT + 10):
        trust.examine([b"garbage"], f"{number}.test", NOW)
    assert len(trust._kept) == MOST_KEPT


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_damaged_certificate_is_a_bad_one_and_nothing_worse(data: st.DataObject) -> None:
    damaged = bytearray(DER)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    seen = examine([bytes(damaged)], "mail.test", NOW, Roots([ROOT]))
    assert bytes(damaged) == DER or seen.problems or seen.told["certificateSubject"] is not None


def look(
    chain: list[x509.Certificate],
    *,
    host: str = "mail.test",
    now: datetime = NOW,
    roots: list[x509.Certificate] | None = None,
) -> Examination:
    return examine([_der(certificate) for certificate in chain], host, now, Roots(roots or [ROOT]))


def kinds(seen: Examination) -> list[FailureKind]:
    return [problem.kind for problem in seen.problems]


def iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _der(made: x509.Certificate) -> bytes:
    return made.public_bytes(Encoding.DER)


DER = _der(leaf())
