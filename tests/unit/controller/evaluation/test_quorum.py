"""One evaluation: the votes of several locations become an outcome and its reason."""

from __future__ import annotations

from itertools import permutations

import pytest

from controller.decisions.evaluation.policy import STANDARD, Policy
from controller.decisions.evaluation.quorum import Outcome, count_votes
from tests.unit.controller.evaluation.evaluations import finding_of, votes

ANY, ALL, TWO = Policy(quorum="any"), Policy(quorum="all"), Policy(quorum=2)


@pytest.mark.parametrize(
    ("ballots", "policy", "outcome"),
    [
        pytest.param("ppp", STANDARD, Outcome.PASSING, id="all pass"),
        pytest.param("pwp", STANDARD, Outcome.WARNING, id="all pass, one with a warning"),
        pytest.param("fpp", STANDARD, Outcome.PARTLY_FAILING, id="one of three fails"),
        pytest.param("fwp", STANDARD, Outcome.PARTLY_FAILING, id="a failure outweighs a warning"),
        pytest.param("ffp", STANDARD, Outcome.FAILING, id="two of three fail"),
        pytest.param("ffpp", STANDARD, Outcome.PARTLY_FAILING, id="two of four are no majority"),
        pytest.param("f", STANDARD, Outcome.FAILING, id="the only location fails"),
        pytest.param("fpp", ANY, Outcome.FAILING, id="with any, one failure of three decides"),
        pytest.param("ffp", ALL, Outcome.PARTLY_FAILING, id="with all, two failures of three are not enough"),
        pytest.param("fff", ALL, Outcome.FAILING, id="with all, three failures of three decide"),
        pytest.param("ffppp", TWO, Outcome.FAILING, id="with a number of two, two failures of five decide"),
        pytest.param("bpp", STANDARD, Outcome.PASSING, id="one is blind, but the quorum cannot fail any more"),
        pytest.param("bbp", STANDARD, Outcome.UNDECIDED, id="two blind locations of three could decide either way"),
        pytest.param("bbb", STANDARD, Outcome.UNDECIDED, id="all are blind"),
        pytest.param("b", STANDARD, Outcome.UNDECIDED, id="the only location is blind"),
        pytest.param("bfp", STANDARD, Outcome.UNDECIDED, id="one fails and a blind one could make it two"),
        pytest.param("bff", STANDARD, Outcome.FAILING, id="the quorum fails whatever the blind location would find"),
        pytest.param("bbbff", STANDARD, Outcome.UNDECIDED, id="the quorum does not shrink because agents are gone"),
        pytest.param("bpp", ANY, Outcome.UNDECIDED, id="with any, a blind location could be the one that fails"),
        pytest.param("bpp", ALL, Outcome.PASSING, id="with all, one location that passes decides"),
        pytest.param("bbw", ALL, Outcome.WARNING, id="with all, one location that passes with a warning decides"),
        pytest.param(
            "gpp", STANDARD, Outcome.PASSING, id="greylisted in one location is about our probe, not the service"
        ),
        pytest.param(
            "dpp", ANY, Outcome.PASSING, id="a blocked probe in one location is no vote for down, even with any"
        ),
        pytest.param("gp", STANDARD, Outcome.PASSING, id="half of the locations are blocked while the others pass"),
        pytest.param("ggp", STANDARD, Outcome.FAILING, id="greylisted in most locations is an outage"),
        pytest.param("ggg", STANDARD, Outcome.FAILING, id="greylisted everywhere is an outage"),
        pytest.param("gbb", STANDARD, Outcome.UNDECIDED, id="greylisted while nobody passes may be an outage"),
        pytest.param("gb", STANDARD, Outcome.UNDECIDED, id="greylisted in one of two while the other is blind"),
        pytest.param("g", STANDARD, Outcome.FAILING, id="greylisted in the only location, so nobody passes"),
        pytest.param("gff", STANDARD, Outcome.FAILING, id="greylisted in one, failing in the others"),
        pytest.param("gfp", STANDARD, Outcome.PARTLY_FAILING, id="greylisted in one, failing in one"),
        pytest.param("rrp", STANDARD, Outcome.PASSING, id="most are refused for their rate, and one is served"),
        pytest.param("rrr", STANDARD, Outcome.UNDECIDED, id="all are refused for their rate: that is our doing"),
        pytest.param("r", STANDARD, Outcome.UNDECIDED, id="the only location is refused for its rate"),
        pytest.param("rrrff", STANDARD, Outcome.UNDECIDED, id="refused for their rate and failing, nobody passes"),
        pytest.param("rfffp", STANDARD, Outcome.FAILING, id="failures that decide by themselves"),
        pytest.param("rgg", STANDARD, Outcome.FAILING, id="greylisted in most, refused for its rate in one"),
        pytest.param("gwp", STANDARD, Outcome.WARNING, id="greylisted in one, a warning in another"),
    ],
)
def test_the_outcome_of_an_evaluation(ballots: str, policy: Policy, outcome: Outcome) -> None:
    finding = finding_of(ballots, policy)
    assert finding.outcome is outcome
    assert finding.complete


@pytest.mark.parametrize(
    ("ballots", "reason"),
    [
        pytest.param("ppp", "3 of 3 countries pass", id="all pass"),
        pytest.param("p", "1 of 1 country passes", id="one alone passes"),
        pytest.param("fpf", "2 of 3 countries cannot connect: refused; US passes", id="who fails, why, who passes"),
        pytest.param("fff", "3 of 3 countries cannot connect: refused", id="all fail"),
        pytest.param("wpp", "3 of 3 countries pass; slow: took 3 s", id="what is warned of"),
        pytest.param(
            "fpb", "1 of 3 countries cannot connect: refused; US passes; FR could not check", id="who is blind"
        ),
        pytest.param(
            "gpp",
            "2 of 3 countries pass; DE refused by the server (get no proper greeting: temporary refusal)",
            id="who is only blocked",
        ),
        pytest.param("bbb", "BR, DE, US could not check", id="nobody sees"),
        pytest.param("", "no location took part", id="no location at all"),
    ],
)
def test_the_reason_is_for_people(ballots: str, reason: str) -> None:
    finding = finding_of(ballots, STANDARD)
    assert finding.reason == reason.replace("BR, DE, US", "DE, FR, US")


def test_two_locations_of_one_country_are_distinguished() -> None:
    de, us = votes("fp")
    both = [de, us._replace(country="DE", code="de-2")]
    assert count_votes(both, STANDARD).reason == "1 of 2 locations cannot connect: refused; de-2 passes"


def test_an_evaluation_is_complete_when_nothing_is_awaited_any_more() -> None:
    assert not finding_of("ffa", STANDARD).complete
    assert finding_of("ffb", STANDARD).complete


@pytest.mark.parametrize("ballots", ["fpw", "gfb", "wffp", "gdbpf"])
def test_the_order_of_votes_makes_no_difference(ballots: str) -> None:
    given = votes(ballots)
    assert len({count_votes(order, STANDARD) for order in permutations(given)}) == 1


def test_who_passes_fails_and_is_blocked_is_listed_by_location() -> None:
    finding = finding_of("fgpwb", STANDARD)
    assert [sorted(finding_of) for finding_of in (finding.failing, finding.probe_blocked, finding.passing)] == [
        [1],
        [2],
        [3, 4],
    ]
