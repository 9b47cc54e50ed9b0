"""Which claims of an account a controller publishes to NATS servers, given the claims that they have."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from controller.trust import keys, rights
from controller.trust.account import FIRST, account_claims, correction, of_controllers, shared
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
    """The claims of a controller of another revision, whose locations have other rights."""
    account = read(account_claims(trust, shared(trust), NOW, ["UOLD"]))["nats"]
    account["tags"] = [f"rights:{revision}"]
    account["signing_keys"][0]["template"]["pub"]["allow"] = ["something.else"]
    return sign((signer or trust).operator, public_key(trust.guests), "mailprobe-guests", account, NOW)


def test_servers_that_know_all_claims_are_sent_nothing(trust: Trust) -> None:
    known = account_claims(trust, shared(trust), NOW, ["UB", "UA"])
    assert correction(trust, shared(trust), [known, known], ["UA", "UB"], LATER) is None


@pytest.mark.parametrize(
    ("known", "revoked"),
    [
        pytest.param([[]], ["UA"], id="a user is revoked for the first time"),
        pytest.param([["UA"]], [], id="a user is no longer revoked"),
        pytest.param([["UA"], []], ["UA"], id="one server of two does not know the revocation"),
        pytest.param([], ["UA"], id="no server knows the account"),
    ],
)
def test_servers_that_do_not_are_sent_the_claims(trust: Trust, known: list[list[str]], revoked: list[str]) -> None:
    published = correction(
        trust, shared(trust), [account_claims(trust, shared(trust), NOW, users) for users in known], revoked, LATER
    )
    assert published
    assert list(read(published)["nats"].get("revocations", {})) == revoked
    assert correction(trust, shared(trust), [published, published], revoked, LATER) is None


def test_claims_are_newer_than_those_they_replace_whatever_the_clock_says(trust: Trust) -> None:
    """A server that was away uses the newest claims."""
    ahead = account_claims(trust, shared(trust), LATER)
    published = correction(trust, shared(trust), [ahead, account_claims(trust, shared(trust), NOW)], ["UA"], NOW)
    assert published
    assert read(published)["iat"] == read(ahead)["iat"] + 1


def test_claims_of_a_configuration_are_older_than_any_that_were_published(trust: Trust) -> None:
    first = read(account_claims(trust, shared(trust), FIRST))
    assert first["iat"] < read(account_claims(trust, shared(trust), datetime(2020, 1, 1, tzinfo=UTC)))["iat"]


def test_rights_of_an_older_version_are_brought_up_to_date(trust: Trust) -> None:
    published = correction(trust, shared(trust), [revised(trust, rights.REVISION - 1)], [], LATER)
    assert published
    assert read(published)["nats"] == read(account_claims(trust, shared(trust), LATER))["nats"]


def test_rights_of_a_newer_version_are_kept_and_revocations_are_still_published(trust: Trust) -> None:
    newer = revised(trust, rights.REVISION + 1)
    assert correction(trust, shared(trust), [newer], ["UOLD"], LATER) is None
    published = correction(trust, shared(trust), [newer, account_claims(trust, shared(trust), NOW)], ["UNEW"], LATER)
    assert published
    account = read(published)["nats"]
    assert account["signing_keys"][0]["template"]["pub"]["allow"] == ["something.else"]
    assert list(account["revocations"]) == ["UNEW"]


@pytest.mark.parametrize("what", ["another operator's", "no JWT", "about somebody else"])
def test_what_our_operator_did_not_say_is_not_repeated(trust: Trust, what: str) -> None:
    other_trust = keys.new_trust()
    published = {
        "another operator's": revised(trust, rights.REVISION + 1, signer=other_trust),
        "no JWT": "x.y.z",
        "about somebody else": revised(other_trust, rights.REVISION + 1, signer=trust),
    }[what]
    corrected = correction(trust, shared(trust), [published], [], LATER)
    assert corrected
    assert read(corrected)["nats"] == read(account_claims(trust, shared(trust), LATER))["nats"]


def test_who_changes_what_guests_may_do_also_changes_its_revision() -> None:
    """Controllers of two versions that run side by side know by it whose rights are newer."""
    shared_rights = [rights.location_rights(["smtp"]), rights.SERVICES, rights.STREAMS]
    own_rights = [rights.LOCATION_SERVICES, rights.subscriber_services("consumer")]
    digest = sha256(msgspec.json.encode([shared_rights, own_rights], order="sorted")).hexdigest()[:16]
    assert (rights.REVISION, digest) == (4, "8235e6ae53a3af94")


def test_a_kind_that_only_another_controller_knows_is_kept(trust: Trust) -> None:
    """Controllers that know different kinds agree after one change each, and send nothing more."""
    ours, theirs = shared(trust, ["smtp", "dns"]), shared(trust, ["trip", "smtp"])
    published = correction(trust, ours, [account_claims(trust, theirs, NOW)], [], LATER)
    assert published
    nats = read(published)["nats"]
    assert nats == shared(trust, ["dns", "smtp", "trip"]).claims()
    allowed = nats["signing_keys"][0]["template"]["pub"]["allow"]
    assert "$JS.API.CONSUMER.MSG.NEXT.CHECKS.{{tag(location)}}-trip" in allowed
    assert correction(trust, theirs, [published], [], LATER) is None
    assert correction(trust, ours, [published, published], [], LATER) is None
    without_agents = of_controllers(trust)
    assert correction(trust, without_agents, [account_claims(trust, without_agents, NOW)], [], LATER) is None


def test_a_tag_that_is_no_kind_gives_no_rights(trust: Trust) -> None:
    """Such a name would be a kind of another location: `nbg-smtp` of `de` is `smtp` of `de-nbg`."""
    wrong = shared(trust, ["smtp", "nbg-smtp", "*", ">"])
    published = correction(trust, shared(trust), [account_claims(trust, wrong, NOW)], [], LATER)
    assert published
    assert read(published)["nats"] == shared(trust).claims()


def test_locations_are_distinguished_by_their_tags_only(trust: Trust) -> None:
    claims = read(location_credentials(trust, location="de-nbg", country="DE", now=NOW).jwt)
    assert claims["nats"]["tags"] == ["location:de-nbg", "country:de"]
    assert "pub" not in claims["nats"]
    assert claims["iss"] == public_key(trust.locations)
