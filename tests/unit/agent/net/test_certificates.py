"""What a certificate says, for which host it is, and whether it is trusted (RFC 9525, OpenSSL where that is silent)."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.net.certificate import names_host
from agent.net.certificate_checks import examine
from agent.net.chain import Roots
from agent.net.tls import MOST_KEPT, Trust
from shared.wire.failures import FailureKind
from tests.unit.agent.net.certificate_samples import (
    CA,
    CLIENT_ONLY,
    DER,
    NOT_SIGNING,
    NOW,
    ROOT,
    certificate,
    der,
    examined,
    iso,
    kinds,
    leaf,
)


@pytest.mark.parametrize(
    ("names", "host", "good"),
    [
        pytest.param(["mail.example.test"], "mail.example.test", True, id="a certificate for the name is good"),
        pytest.param(["MAIL.example.test"], "mail.EXAMPLE.test", True, id="a name may be in any case"),
        pytest.param(["mail.example.test"], "mail.example.test.", True, id="a name may have the root's dot"),
        pytest.param(["other.test", "mail.example.test"], "mail.example.test", True, id="any of several names is good"),
        pytest.param(["mail.example.test"], "example.test", False, id="the parent domain is not good"),
        pytest.param(["*.example.test"], "mail.example.test", True, id="a wildcard is one label"),
        pytest.param(["*.example.test"], "a.mail.example.test", False, id="a wildcard is not two labels"),
        pytest.param(["*.example.test"], "example.test", False, id="a wildcard is not no label"),
        pytest.param(["*.test"], "example.test", False, id="a wildcard for a top-level domain is not good"),
        pytest.param(["m*.example.test"], "mail.example.test", False, id="a part of a label is no wildcard"),
        pytest.param(["mail.*.test"], "mail.example.test", False, id="only the leftmost label is a wildcard"),
        pytest.param(["192.0.2.1"], "192.0.2.1", True, id="an address in the SAN is good"),
        pytest.param(["2001:db8::1"], "2001:db8:0::1", True, id="an address may be in another spelling"),
        pytest.param(["mail.example.test"], "192.0.2.1", False, id="a certificate without the address is not good"),
        pytest.param([], "cn.example.test", True, id="the common name is good where there is no SAN"),
        pytest.param(["other.test"], "cn.example.test", False, id="the common name is not good where there is a SAN"),
    ],
)
def test_names(names: list[str], host: str, good: bool) -> None:
    assert names_host(certificate(*names), host) is good


@pytest.mark.parametrize(
    ("roots", "chain", "good"),
    [
        pytest.param([ROOT], [leaf()], True, id="a careless private CA is trusted"),
        pytest.param([ROOT], [leaf(), ROOT], True, id="a root that is sent along does no harm"),
        pytest.param(
            [leaf("leaf")], [leaf("leaf")], False, id="another certificate of the same name is not the one trusted"
        ),
        pytest.param(
            [certificate(subject="stranger", extensions=(CA,))], [leaf()], False, id="another root is not trusted"
        ),
        pytest.param([certificate(subject="root")], [leaf()], False, id="a root that is no CA signs nothing"),
        pytest.param(
            [certificate(subject="root", extensions=(CA, NOT_SIGNING))],
            [leaf()],
            False,
            id="a CA that may not sign is not trusted",
        ),
        pytest.param(
            [ROOT],
            [leaf("leaf2"), certificate(subject="leaf2", issuer="root")],
            False,
            id="a leaf that signs a leaf is not trusted",
        ),
        pytest.param(
            [ROOT],
            [leaf("mid"), certificate(subject="mid", issuer="root", extensions=(CA,))],
            True,
            id="an intermediate is trusted",
        ),
        pytest.param([ROOT], [leaf("root", CLIENT_ONLY)], False, id="a certificate for clients is none for servers"),
    ],
)
def test_chains(roots: list[x509.Certificate], chain: list[x509.Certificate], good: bool) -> None:
    examination = examined(chain, roots=roots)
    assert not examination.problems if good else kinds(examination) == [FailureKind.CERTIFICATE_UNTRUSTED]
    assert examination.described["certificateChainValid"] is good
    assert examination.described["certificateNameValid"] is True


def test_a_missing_chain_is_one_sentence_without_the_text_of_a_library() -> None:
    good = certificate(subject="mid", issuer="root", extensions=(CA,))
    unsuitable = certificate(subject="mid", issuer="root")
    missing = "no chain to a trusted root from issuer CN=mid"
    assert examined([leaf("mid"), good]).problem is None
    assert examined([leaf("mid")]).problem == f"{missing}: the server sent no other one"
    assert examined([leaf("mid"), unsuitable]).problem == f"{missing} by the certificates that the server sent"


def test_a_self_signed_certificate_that_is_trusted_itself_is_good() -> None:
    trusted = leaf("leaf")
    assert not examined([trusted], roots=[trusted]).problems


def test_a_self_signed_certificate_is_called_so() -> None:
    assert examined([leaf("leaf")]).problem == "self-signed"


@pytest.mark.parametrize("chain", [[], [b"garbage"]])
def test_what_is_no_certificate_is_not_trusted(chain: list[bytes]) -> None:
    examination = examine(chain, "mail.test", NOW, Roots([ROOT]))
    assert kinds(examination) == [FailureKind.CERTIFICATE_UNTRUSTED]
    assert (examination.facts(NOW)["certificateValid"], examination.facts(NOW)["certificateSubject"]) == (False, None)
    assert not examination.expires_within(10_000, NOW)


@pytest.mark.parametrize(
    ("days", "kind"), [(2, FailureKind.CERTIFICATE_EXPIRED), (-2, FailureKind.CERTIFICATE_NOT_YET_VALID)]
)
def test_dates_are_reported_before_anything_else(days: int, kind: FailureKind) -> None:
    examination = examined([leaf()], host="elsewhere.test", now=NOW + timedelta(days=days))
    assert examination.error().kind is kind
    assert kinds(examination) == [kind, FailureKind.CERTIFICATE_WRONG_HOST]


def test_an_expired_certificate_may_still_have_the_right_chain_and_name() -> None:
    described = examined([leaf()], now=NOW + timedelta(days=2)).facts(NOW + timedelta(days=2))
    assert (described["certificateValid"], described["certificateChainValid"], described["certificateNameValid"]) == (
        False,
        True,
        True,
    )
    assert described["certificateDaysLeft"] == -2
    assert str(described["certificateProblem"]).startswith("expired on ")


def test_each_thing_that_is_wrong_is_reported() -> None:
    problem = examined([leaf("leaf")], host="elsewhere.test", now=NOW + timedelta(days=2)).problem
    assert problem is not None
    assert "expired on" in problem
    assert "self-signed" in problem
    assert "made for mail.test, not for elsewhere.test" in problem


def test_a_good_certificate_is_described_in_full() -> None:
    good = leaf()
    assert examined([good]).facts(NOW) == {
        "certificateValid": True,
        "certificateChainValid": True,
        "certificateNameValid": True,
        "certificateSubject": "CN=leaf",
        "certificateIssuer": "CN=root",
        "certificateNames": ["mail.test"],
        "certificateSerial": f"{good.serial_number:x}",
        "certificateSha256": sha256(der(good)).hexdigest(),
        "certificateNotBefore": iso(good.not_valid_before_utc),
        "certificateNotAfter": iso(good.not_valid_after_utc),
        "certificateDaysLeft": 0,
    }


@pytest.mark.parametrize(
    ("days", "elapsed_days", "soon"),
    [
        pytest.param(14, 0.0, True, id="a certificate with fewer days left than requested ends soon"),
        pytest.param(1, -0.5, False, id="a certificate with just as many days left as requested does not end soon"),
        pytest.param(0, 0.0, False, id="without requested days no certificate ends soon"),
        pytest.param(14, 2.0, False, id="an expired certificate does not end soon any more"),
    ],
)
def test_the_end_is_announced(days: int, elapsed_days: float, soon: bool) -> None:
    now = NOW + timedelta(days=elapsed_days)
    assert examined([leaf()], now=now).expires_within(days, now) is soon


def test_a_verdict_is_remembered_only_while_it_holds() -> None:
    trust, chain = Trust([ROOT]), [der(leaf())]
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
    assert not trust.examine([der(last)], "mail.test", ends - timedelta(seconds=seconds_before_the_end)).problems
    after = trust.examine([der(last)], "mail.test", ends + timedelta(seconds=1))
    assert kinds(after) == [FailureKind.CERTIFICATE_EXPIRED]


def test_another_certificate_of_the_same_server_is_examined_anew() -> None:
    trust = Trust([ROOT])
    assert not trust.examine([der(leaf())], "mail.test", NOW).problems
    assert trust.examine([der(leaf("leaf"))], "mail.test", NOW).problems


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
    examination = examine([bytes(damaged)], "mail.test", NOW, Roots([ROOT]))
    assert bytes(damaged) == DER or examination.problems or examination.described["certificateSubject"] is not None
