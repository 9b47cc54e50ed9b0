"""Three rounds and a recheck come before a finding, and three clean rounds before its end."""

from __future__ import annotations

from controller.decisions.comparison.comparing import awaits_a_round
from controller.decisions.comparison.signs import SignKind
from tests.unit.controller.comparison.seen_rounds import DE, FR, US, Rounds, checked

_USUAL = {DE: checked(), FR: checked(), US: checked()}
_ODD = _USUAL | {FR: checked(["SIZE"])}


def test_nothing_is_said_before_the_recheck() -> None:
    rounds = Rounds()
    for _ in range(3):
        rounds.round(_ODD)
    assert rounds.said == []
    assert rounds.state.recheck_ms is not None


def test_two_rounds_plan_no_recheck() -> None:
    rounds = Rounds()
    rounds.round(_ODD)
    rounds.round(_ODD)
    assert rounds.state.recheck_ms is None


def test_a_recheck_that_shows_it_too_makes_it_a_finding() -> None:
    rounds = Rounds()
    rounds.confirmed(_ODD)
    [said] = rounds.said
    assert (said.began, said.suspicion.kind) == (True, SignKind.DOWNGRADE_SUSPECTED)


def test_a_clean_round_begins_the_count_anew() -> None:
    rounds = Rounds()
    rounds.round(_ODD)
    rounds.round(_ODD)
    rounds.round(_USUAL)
    rounds.round(_ODD)
    [one] = rounds.state.suspicions
    assert one.rounds == 1


def test_a_clean_recheck_ends_the_suspicion() -> None:
    rounds = Rounds()
    for _ in range(3):
        rounds.round(_ODD)
    rounds.recheck(_USUAL)
    assert rounds.state.suspicions == []


def test_a_round_in_which_nothing_can_be_compared_changes_no_suspicion() -> None:
    rounds = Rounds()
    rounds.round(_ODD)
    rounds.round({FR: checked(["SIZE"])})
    [one] = rounds.state.suspicions
    assert one.rounds == 1


def test_a_recheck_that_never_came_is_made_again() -> None:
    rounds = Rounds()
    for _ in range(3):
        rounds.round(_ODD)
    first = rounds.state.recheck_ms
    for _ in range(3):
        rounds.round(_ODD)
    assert first is not None
    assert (rounds.state.recheck_ms or 0) > first


def test_a_finding_ends_after_three_clean_rounds() -> None:
    rounds = Rounds()
    rounds.confirmed(_ODD)
    rounds.round(_USUAL)
    rounds.round(_USUAL)
    assert len(rounds.said) == 1
    rounds.round(_USUAL)
    assert [said.began for said in rounds.said] == [True, False]


def test_a_fault_of_the_locations_own_network_is_never_said() -> None:
    rounds = Rounds()
    own = frozenset({FR})
    for _ in range(3):
        rounds.round(_ODD, own_networks=own)
    rounds.recheck(_ODD, own_networks=own)
    assert rounds.said == []
    assert rounds.state.suspicions[0].confirmed_ms is not None


def test_a_finding_is_withdrawn_when_the_locations_own_network_turns_out_to_be_the_reason() -> None:
    rounds = Rounds()
    rounds.confirmed(_ODD)
    rounds.round(_ODD, own_networks=frozenset({FR}))
    assert [(said.began, said.over) for said in rounds.said] == [(True, True), (False, False)]


def test_what_was_the_locations_own_network_is_said_only_once_a_later_round_shows_it() -> None:
    rounds = Rounds()
    own = frozenset({FR})
    for _ in range(3):
        rounds.round(_ODD, own_networks=own)
    rounds.recheck(_ODD, own_networks=own)
    rounds.compare_again()
    assert rounds.said == []
    assert awaits_a_round(rounds.state, ())
    rounds.round(_ODD)
    assert [said.began for said in rounds.said] == [True]
    assert not awaits_a_round(rounds.state, ())


def test_what_was_the_locations_own_network_and_is_over_is_not_said() -> None:
    rounds = Rounds()
    own = frozenset({FR})
    for _ in range(3):
        rounds.round(_ODD, own_networks=own)
    rounds.recheck(_ODD, own_networks=own)
    rounds.compare_again()
    for _ in range(3):
        rounds.round(_USUAL)
    assert rounds.said == []
    assert rounds.state.suspicions == []


def test_that_a_server_dislikes_our_probe_is_never_said_to_its_customer() -> None:
    rounds = Rounds()
    tarpit = checked([], greeting="mail.example.org ESMTP spamd", greeting_ms=12_000)
    rounds.confirmed(_USUAL | {FR: tarpit})
    assert rounds.said == []
    assert rounds.state.suspicions[0].kind is SignKind.PROBE_DISLIKED
