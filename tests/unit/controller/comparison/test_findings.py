"""What differs between locations that reach the same server, and what that is called."""

from __future__ import annotations

import pytest

from controller.decisions.comparison.comparing import ComparisonState, SeenRound, take_round
from controller.decisions.comparison.server_views import ServerView, digest_of
from controller.decisions.comparison.signs import SeenServer, SignKind
from tests.unit.controller.comparison.seen_rounds import DE, FR, US, Rounds, checked, encrypted

_USUAL = checked()
_TARPIT = checked([], greeting="mail.example.org ESMTP spamd", greeting_ms=12_000, failure="starttls_missing")

_ONE_LOCATION = {
    "STARTTLS is missing at one location": (checked(["PIPELINING", "SIZE"]), SignKind.DOWNGRADE_SUSPECTED),
    "a check needs STARTTLS and fails at one location": (
        checked(["SIZE"], failure="starttls_missing"),
        SignKind.DOWNGRADE_SUSPECTED,
    ),
    "the keyword is replaced by X's": (checked(["SIZE", "XXXXXXXA"]), SignKind.STARTTLS_STRIPPED),
    "the greeting is asterisks": (checked(["SIZE"], greeting="*" * 40), SignKind.STARTTLS_STRIPPED),
    "STARTTLS is refused": (checked(warnings=("starttls_refused",)), SignKind.STARTTLS_STRIPPED),
    "a failed check was refused STARTTLS": (checked(failure="starttls_refused"), SignKind.STARTTLS_STRIPPED),
    "a tarpit answers": (_TARPIT, SignKind.PROBE_DISLIKED),
}


@pytest.mark.parametrize(("odd", "kind"), _ONE_LOCATION.values(), ids=_ONE_LOCATION)
def test_a_server_that_differs_at_one_location_is_a_finding_of_its_kind(odd: ServerView, kind: SignKind) -> None:
    rounds = Rounds()
    rounds.confirmed({DE: _USUAL, FR: odd, US: _USUAL})
    [found] = rounds.state.suspicions
    assert (found.kind, found.location_id, found.confirmed_ms is not None) == (kind, FR, True)


def test_a_certificate_that_nobody_else_sees_and_that_is_not_trusted_is_suspected() -> None:
    rounds = Rounds()
    rounds.confirmed({DE: encrypted(), FR: encrypted("ff", issuer="CN=Box", trusted=False), US: encrypted()})
    [found] = rounds.state.suspicions
    assert (found.kind, found.location_id) == (SignKind.INTERCEPTION_SUSPECTED, FR)


_NO_FINDING = {
    "nobody is offered STARTTLS": {DE: checked(["SIZE"]), FR: checked(["SIZE"]), US: checked(["SIZE"])},
    "the other one reaches another address": {DE: _USUAL, FR: checked(["SIZE"], address="198.51.100.26")},
    "one location checks": {FR: checked(["SIZE"])},
    "most are not offered it": {DE: checked(["SIZE"]), FR: checked(["SIZE"]), US: _USUAL},
    "a pool has two trusted certificates": {DE: encrypted("aa"), FR: encrypted("bb"), US: encrypted("aa")},
    "everybody sees the same untrusted one": {here: encrypted("aa", trusted=False) for here in (DE, FR, US)},
    "each sees an untrusted one of its own": {
        DE: encrypted("aa", trusted=False),
        FR: encrypted("bb", trusted=False),
    },
}


@pytest.mark.parametrize("seen", _NO_FINDING.values(), ids=_NO_FINDING)
def test_what_proves_nothing_is_no_finding(seen: dict[int, ServerView]) -> None:
    rounds = Rounds()
    for _ in range(5):
        rounds.round(seen)
    assert rounds.state.suspicions == []


def test_an_untrusted_certificate_that_another_location_saw_lately_is_the_servers_own() -> None:
    rounds = Rounds()
    old = encrypted("ff", trusted=False)
    rounds.round({DE: old, FR: old, US: old})
    rounds.round({DE: encrypted(), FR: old, US: encrypted()})
    assert rounds.state.suspicions == []


def test_where_locations_take_turns_each_is_compared_with_what_the_others_saw_before() -> None:
    round_ = SeenRound(60_000, False, [SeenServer(FR, checked(["SIZE"]))], [SeenServer(DE, _USUAL)])
    [found] = take_round(ComparisonState(), round_, 61_000).state.suspicions
    assert (found.location_id, found.kind) == (FR, SignKind.DOWNGRADE_SUSPECTED)


def test_what_another_location_saw_before_is_no_round_of_its_own() -> None:
    round_ = SeenRound(60_000, False, [SeenServer(DE, _USUAL)], [SeenServer(FR, checked(["SIZE"]))])
    assert take_round(ComparisonState(), round_, 61_000).state.suspicions == []


@pytest.mark.parametrize(
    "other",
    [
        checked(["PIPELINING", "SIZE"]),
        checked(greeting="mail.example.org ESMTP Exim"),
        checked(greeting="mail.example.net ESMTP Postfix"),
        encrypted(),
    ],
)
def test_views_that_differ_have_other_digests(other: ServerView) -> None:
    assert digest_of(other) != digest_of(_USUAL)


@pytest.mark.parametrize(
    "same",
    [
        checked(["STARTTLS", "SIZE", "PIPELINING"]),
        checked(greeting="mail7.example.org ESMTP Postfix 4711"),
        checked(address="198.51.100.26"),
        checked(greeting_ms=4_000),
    ],
)
def test_what_differs_from_check_to_check_anyway_is_not_in_the_digest(same: ServerView) -> None:
    assert digest_of(same) == digest_of(_USUAL)
