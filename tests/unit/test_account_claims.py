"""What a controller tells servers about the account, by what they answered: pure, on JWTs."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from controller.trust import keys, rights
from controller.trust.account import FIRST, Side, account_claims, correction
from controller.trust.claims import location_credentials
from controller.trust.jwt import sign
from controller.trust.keys import Trust
from shared.nats.nkeys import public_key

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture(scope="module")
def trust() -> Trust:
    return keys.new_trust()


def read(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = msgspec.json.decode(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def revised(trust: Trust, revision: int, *, signer: Trust | None = None) -> str:
    """The account as a controller says it whose locations may do something else."""
    account = read(account_claims(trust, Side.GUESTS, NOW, ["UOLD"]))["nats"]
    account["tags"] = [f"rights:{revision}"]
    account["signing_keys"][0]["template"]["pub"]["allow"] = ["something.else"]
    return sign((signer or trust).operator, public_key(trust.guests), "mailprobe-guests", account, NOW)


def test_servers_that_know_it_all_are_told_nothing(trust: Trust) -> None:
    known = account_claims(trust, Side.GUESTS, NOW, ["UB", "UA"])
    assert correction(trust, Side.GUESTS, [known, known], ["UA", "UB"], LATER) is None


@pytest.mark.parametrize(
    ("known", "revoked"),
    [
        pytest.param([[]], ["UA"], id="nobody was cut off, and somebody is"),
        pytest.param([["UA"]], [], id="who was cut off comes in again"),
        pytest.param([["UA"], []], ["UA"], id="one server of two does not know"),
        pytest.param([], ["UA"], id="no server knows the account"),
    ],
)
def test_servers_that_do_not_are_told(trust: Trust, known: list[list[str]], revoked: list[str]) -> None:
    told = correction(
        trust, Side.GUESTS, [account_claims(trust, Side.GUESTS, NOW, users) for users in known], revoked, LATER
    )
    assert told
    assert list(read(told)["nats"].get("revocations", {})) == revoked
    assert correction(trust, Side.GUESTS, [told, told], revoked, LATER) is None


def test_claims_are_newer_than_those_they_replace_whatever_the_clock_says(trust: Trust) -> None:
    """A server that was away believes what was made last."""
    ahead = account_claims(trust, Side.GUESTS, LATER)
    told = correction(trust, Side.GUESTS, [ahead, account_claims(trust, Side.GUESTS, NOW)], ["UA"], NOW)
    assert told
    assert read(told)["iat"] == read(ahead)["iat"] + 1


def test_claims_of_a_configuration_are_older_than_any_that_were_told(trust: Trust) -> None:
    first = read(account_claims(trust, Side.GUESTS, FIRST))
    assert first["iat"] < read(account_claims(trust, Side.GUESTS, datetime(2020, 1, 1, tzinfo=UTC)))["iat"]


def test_rights_of_an_older_version_are_brought_up_to_date(trust: Trust) -> None:
    told = correction(trust, Side.GUESTS, [revised(trust, rights.REVISION - 1)], [], LATER)
    assert told
    assert read(told)["nats"] == read(account_claims(trust, Side.GUESTS, LATER))["nats"]


def test_rights_of_a_newer_version_are_left_alone_and_who_is_cut_off_is_still_told(trust: Trust) -> None:
    newer = revised(trust, rights.REVISION + 1)
    assert correction(trust, Side.GUESTS, [newer], ["UOLD"], LATER) is None
    told = correction(trust, Side.GUESTS, [newer, account_claims(trust, Side.GUESTS, NOW)], ["UNEW"], LATER)
    assert told
    account = read(told)["nats"]
    assert account["signing_keys"][0]["template"]["pub"]["allow"] == ["something.else"]
    assert list(account["revocations"]) == ["UNEW"]


@pytest.mark.parametrize("what", ["another operator's", "no JWT", "about somebody else"])
def test_what_our_operator_did_not_say_is_not_repeated(trust: Trust, what: str) -> None:
    stranger = keys.new_trust()
    told = {
        "another operator's": revised(trust, rights.REVISION + 1, signer=stranger),
        "no JWT": "x.y.z",
        "about somebody else": revised(stranger, rights.REVISION + 1, signer=trust),
    }[what]
    corrected = correction(trust, Side.GUESTS, [told], [], LATER)
    assert corrected
    assert read(corrected)["nats"] == read(account_claims(trust, Side.GUESTS, LATER))["nats"]


def test_who_changes_what_guests_may_do_also_changes_its_revision() -> None:
    """Controllers of two versions beside each other agree by it on whose rights are newer."""
    digest = sha256(
        msgspec.json.encode([rights.of_a_location(), rights.SERVICES, rights.STREAMS], order="sorted")
    ).hexdigest()[:16]
    assert (rights.REVISION, digest) == (1, "2a645a14e6600f17")


def test_a_location_is_told_from_another_by_its_tags_only(trust: Trust) -> None:
    claims = read(location_credentials(trust, location="de-nbg", country="DE", now=NOW).jwt)
    assert claims["nats"]["tags"] == ["location:de-nbg", "country:de"]
    assert "pub" not in claims["nats"]
    assert claims["iss"] == public_key(trust.locations)
