"""When a fact of a server counts as changed."""

from __future__ import annotations

from controller.decisions.comparison.server_views import ServerView
from tests.unit.controller.comparison.seen_rounds import DE, FR, US, Rounds, checked, encrypted


def _changes(rounds: Rounds) -> list[tuple[str, tuple[int, ...]]]:
    return [(change.name, change.location_ids) for step in rounds.steps for change in step.changes]


def _everywhere(view: ServerView) -> dict[int, ServerView]:
    return {DE: view, FR: view, US: view}


def test_a_certificate_that_lasts_three_rounds_has_changed_at_all_these_locations() -> None:
    rounds = Rounds()
    rounds.round(_everywhere(encrypted("aa")))
    for _ in range(2):
        rounds.round(_everywhere(encrypted("bb")))
    assert _changes(rounds) == []
    rounds.round(_everywhere(encrypted("bb")))
    assert _changes(rounds) == [("certificate", (DE, FR, US))]


def test_the_certificates_of_a_pool_are_reported_once() -> None:
    rounds = Rounds()
    for sha256 in ("aa", "bb", "aa", "bb"):
        for _ in range(3):
            rounds.round(_everywhere(encrypted(sha256)))
    assert _changes(rounds) == [("certificate", (DE, FR, US))]


def test_starttls_that_vanishes_everywhere_and_returns_is_reported_both_times() -> None:
    rounds = Rounds()
    for view in (checked(), checked(["SIZE"]), checked()):
        for _ in range(3):
            rounds.round(_everywhere(view))
    assert [name for name, _ in _changes(rounds) if name == "starttls"] == ["starttls"] * 2


def test_what_changes_at_a_suspected_location_is_not_reported() -> None:
    rounds = Rounds()
    usual = _everywhere(checked())
    rounds.round(usual)
    rounds.confirmed(usual | {FR: checked(["SIZE"])})
    for _ in range(4):
        rounds.round(usual)
    assert _changes(rounds) == []


def test_facts_that_a_check_did_not_reach_are_not_changed() -> None:
    rounds = Rounds()
    rounds.round(_everywhere(encrypted()))
    for _ in range(4):
        rounds.round(_everywhere(checked()._replace(capabilities=None, starttls=None)))
    assert _changes(rounds) == []


def test_values_are_kept_only_when_they_differ_from_what_holds() -> None:
    rounds = Rounds()
    first = rounds.round({DE: checked()})
    assert {value.name for value in first.values} >= {"starttls", "capabilitiesInClear", "greeting"}
    assert rounds.round({DE: checked()}).values == []


def test_a_login_mechanism_that_vanishes_at_one_location_has_changed_there() -> None:
    rounds = Rounds()
    usual = _everywhere(encrypted(loginMechanisms=["LOGIN", "PLAIN"]))
    rounds.round(usual)
    for _ in range(3):
        rounds.round(usual | {FR: encrypted(loginMechanisms=["LOGIN"])})
    [change] = [change for step in rounds.steps for change in step.changes]
    assert change[1:] == ("loginMechanisms", "LOGIN, PLAIN", "LOGIN", (FR,))
