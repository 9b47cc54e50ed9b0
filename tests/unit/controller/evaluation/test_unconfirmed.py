"""Failures that open no incident, and what they say an incident would have needed."""

from __future__ import annotations

import pytest

from controller.decisions.evaluation.policy import STANDARD, Policy
from controller.decisions.evaluation.state import Evaluation, MonitorState, VerdictKind, take
from controller.decisions.evaluation.unconfirmed import has_passed_again, is_unconfirmed, missing_for_incident
from tests.unit.controller.evaluation.evaluations import INTERVAL_MS, finding_of, votes

UP = MonitorState(verdict=VerdictKind.UP)


def evaluations_of(script: str, policy: Policy) -> list[tuple[MonitorState, MonitorState, Evaluation, str]]:
    """The rounds `ppf fff`, one after the other: the state before and after each, and its ballots."""
    found, state = [], UP
    for number, ballots in enumerate(script.split(), start=1):
        evaluation = Evaluation(number * INTERVAL_MS, number, True, len(ballots), finding_of(ballots, policy))
        after = take(state, evaluation, policy).state
        found.append((state, after, evaluation, ballots))
        state = after
    return found


def missing_after(script: str, policy: Policy) -> str:
    _, after, evaluation, ballots = evaluations_of(script, policy)[-1]
    return missing_for_incident(after, evaluation, votes(ballots), policy)


@pytest.mark.parametrize(
    ("script", "policy", "expected"),
    [
        pytest.param(
            "fpppp",
            STANDARD,
            "1 of 5 countries failed; the majority, 3, must fail."
            " A regional outage needs one location to fail 6 times in a row, over 60 s or more; de had failed once.",
            id="one of five",
        ),
        pytest.param(
            "fpp fpp ffpp",
            Policy(quorum="all"),
            "2 of 4 countries failed; all 4 must fail."
            " A regional outage needs one location to fail 6 times in a row, over 60 s or more;"
            " de had failed 3 times in 120 s.",
            id="the location that failed longest",
        ),
        pytest.param(
            "fpp",
            Policy(quorum=2),
            "1 of 3 countries failed; 2 must fail."
            " A regional outage needs one location to fail 6 times in a row, over 60 s or more; de had failed once.",
            id="a number of locations",
        ),
        pytest.param(
            "ffp",
            STANDARD,
            "2 of 3 countries failed, which is enough."
            " An outage is confirmed after 2 such evaluations in a row (1 round and 1 recheck); this was number 1.",
            id="not confirmed yet",
        ),
        pytest.param(
            "f",
            Policy(consecutive_rounds=2, rechecks=0),
            "1 of 1 country failed, which is enough."
            " An outage is confirmed after 2 such evaluations in a row (2 rounds); this was number 1.",
            id="rounds in a row, no recheck",
        ),
        pytest.param(
            "fbp",
            STANDARD,
            "1 of 3 countries failed and 1 could not check; the majority, 2, must fail."
            " The votes that are missing leave it open.",
            id="undecided",
        ),
        pytest.param(
            "gpp",
            STANDARD,
            "The server refused only de and served the others. That is a problem of the address that we check from,"
            " and counts for no outage.",
            id="only refused",
        ),
        pytest.param(
            "rrr",
            STANDARD,
            "The server refused de, fr, us because we connect too often. That counts for no outage; whether it serves"
            " others is not known.",
            id="all refused for their rate",
        ),
    ],
)
def test_it_says_what_an_incident_would_have_needed(script: str, policy: Policy, expected: str) -> None:
    assert missing_after(script, policy) == expected


@pytest.mark.parametrize(
    ("script", "unconfirmed"),
    [
        pytest.param("ppp", [False], id="nothing fails"),
        pytest.param("wpp", [False], id="a warning is no failure"),
        pytest.param("bpp", [False], id="a blind location is no failure"),
        pytest.param("gpp", [True], id="refused"),
        pytest.param("fpp ppp", [True, False], id="one location once"),
        pytest.param("fff fff", [True, False], id="the second one opens an incident"),
        pytest.param("fff fff fff ppp ppp", [True, False, False, False, False], id="an incident says it"),
        pytest.param("fff fff ppp fpp", [True, False, False, True], id="after the incident"),
    ],
)
def test_a_failure_that_no_incident_says_is_unconfirmed(script: str, unconfirmed: list[bool]) -> None:
    found = evaluations_of(script, STANDARD)
    assert [is_unconfirmed(before, after, one.finding) for before, after, one, _ in found] == unconfirmed


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        pytest.param("ppp ppp", [False, False], id="nothing failed"),
        pytest.param("fpp ppp ppp", [False, True, False], id="once, after the failure"),
        pytest.param("fpp bpp ppp", [False, True, True], id="a blind location keeps its count until it passes"),
        pytest.param("ffp bbb ppp", [False, False, True], id="not while undecided"),
        pytest.param("fff fff ppp", [False, False, False], id="the end of an incident is another thing"),
    ],
)
def test_it_is_known_when_nothing_failed_any_more(script: str, ended: list[bool]) -> None:
    found = evaluations_of(script, STANDARD)
    assert [has_passed_again(before, after, one.finding) for before, after, one, _ in found] == ended
