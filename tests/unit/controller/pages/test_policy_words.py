"""What a policy is called in words is what the evaluator does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.evaluation.policy import PRESETS, STANDARD, Policy
from controller.decisions.evaluation.quorum import Outcome
from controller.decisions.replay.imagined import PolicyScope, imagined_outage
from controller.model import Mode
from controller.pages.drawing.outage import outage_drawing
from controller.pages.words.policies import (
    PRESET_NAMES,
    Votes,
    opens_when,
    policy_details,
    policy_here,
    policy_sentence,
)
from shared.wire.rounds import Purpose
from tests.unit.controller.evaluation.evaluations import finding_of
from tests.unit.controller.evaluation.rounds_and_rechecks import LOCATIONS

POLICIES = st.builds(
    Policy,
    quorum=st.one_of(st.sampled_from(["any", "majority", "all"]), st.integers(1, 7)),
    voters=st.sampled_from(["all", "home"]),
    order=st.just("parallel"),
    rechecks=st.one_of(st.none(), st.integers(0, 5)),
    consecutive_rounds=st.integers(1, 20),
    recovery_rounds=st.integers(1, 20),
    regional_after_seconds=st.integers(0, 86_400),
)
SIZES = st.integers(1, 5)
_WORDS = {"both": 2, "any of them": 1, "this one": 1}


def votes(policy: Policy, number: int) -> Votes:
    return Votes(1 if policy.voters == "home" else number, number, True)


def said_to_fail(sentence: str) -> int:
    """How many must fail, as the words about one monitor say."""
    found = re.search(r": (?:at least |all )?(\d+|both|any of them|this one)\b.* must fail", sentence)
    assert found, sentence
    return _WORDS.get(found[1]) or int(found[1])


@given(POLICIES.filter(lambda policy: policy.voters == "all"), SIZES)
def test_so_many_failures_are_a_failing_round_and_one_less_is_none(policy: Policy, number: int) -> None:
    failing = said_to_fail(policy_here(policy, votes(policy, number)))
    assert finding_of("f" * failing + "p" * (number - failing), policy).outcome is Outcome.FAILING
    one_less = finding_of("f" * (failing - 1) + "p" * (number - failing + 1), policy)
    assert one_less.outcome is not Outcome.FAILING


@given(POLICIES, SIZES)
def test_an_incident_opens_after_so_many_rounds_and_rechecks_and_closes_after_so_many(
    policy: Policy, number: int
) -> None:
    sentence, here = policy_sentence(policy), policy_here(policy, votes(policy, number))
    rounds = re.search(r"(?:fails|fail) in (\d+) rounds in a row", sentence)
    rechecks = re.search(r"confirmed by (\d+) recheck", here)
    closing = re.search(r"closes after (?:a|(\d+)) passing round", sentence)
    assert closing
    outage = imagined_outage(policy, PolicyScope(interval_seconds=300, locations=LOCATIONS[:number]))
    assert outage.opened is not None
    assert outage.closed is not None
    leading = outage.evaluations[: outage.opened + 1]
    assert sum(one.purpose is Purpose.SCHEDULED for one in leading) == (int(rounds[1]) if rounds else 1)
    expected = 0 if rechecks is None else int(rechecks[1])
    assert sum(one.purpose is Purpose.RECHECK for one in leading) == expected
    passing = [one for one in outage.evaluations[outage.opened : outage.closed + 1] if not any(one.fails)]
    assert len(passing) == int(closing[1] or 1)


@given(POLICIES, SIZES)
def test_the_picture_stays_small_and_shows_where_the_incident_opens(policy: Policy, number: int) -> None:
    drawing = outage_drawing(imagined_outage(policy, PolicyScope(interval_seconds=60, locations=LOCATIONS[:number])))
    assert len(drawing.columns) <= 16
    assert [column.mark for column in drawing.columns if column.mark] == ["opens", "closes"]
    assert all(0 <= column.x <= drawing.width for column in drawing.columns)


def test_the_standard_policy_in_words() -> None:
    assert policy_sentence(STANDARD) == (
        "An incident opens when more than half of the locations fail, confirmed by a recheck 10 s later (by two where a"
        " single location makes it); it closes after a passing round."
    )
    assert policy_details(STANDARD)[-1] == (
        "When fewer fail, it is a partial outage, and opens an incident once the same location has failed 6 times in a"
        " row, for at least 1 min."
    )


@pytest.mark.parametrize(
    ("policy", "votes", "words"),
    [
        (STANDARD, Votes(5, 5, True), "Now 5 countries check it: at least 3 of 5 must fail, confirmed by 1 recheck."),
        (STANDARD, Votes(1, 1, True), "Now only one location checks it: this one must fail, confirmed by 2 rechecks."),
        (Policy(quorum="all"), Votes(2, 2, False), "Now 2 locations check it: both must fail, confirmed by 1 recheck."),
        (
            Policy(quorum="all", rechecks=0),
            Votes(2, 3, True),
            "Now 3 countries check it, 2 of them in each round: both must fail.",
        ),
        (
            Policy(quorum="all"),
            Votes(2, 3, True),
            (
                "Now 3 countries check it, 2 of them in each round: both must fail, confirmed by 1 recheck in which"
                " all 3 locations fail."
            ),
        ),
        (
            PRESETS[Mode.PRIMARY],
            Votes(1, 4, True),
            (
                "Now 4 countries check it: the home location must fail, confirmed by 1 recheck in which any of the 3"
                " others fails."
            ),
        ),
        (
            PRESETS[Mode.PRIMARY],
            Votes(1, 2, True),
            "Now 2 countries check it: the home location must fail, confirmed by 2 rechecks of the other one.",
        ),
        (
            PRESETS[Mode.ROUND_ROBIN],
            Votes(1, 3, True),
            "Now 3 countries check it: the one whose turn it is must fail.",
        ),
        (STANDARD, None, "Now no location checks it, so no incident opens."),
    ],
)
def test_what_a_policy_comes_to_at_one_monitor(policy: Policy, votes: Votes | None, words: str) -> None:
    assert policy_here(policy, votes) == words


def test_every_preset_has_a_name_and_words_of_its_own() -> None:
    assert set(PRESET_NAMES) == set(PRESETS)
    assert len({policy_sentence(policy) for policy in PRESETS.values()}) == len(PRESETS)
    turn = PRESETS[Mode.ROUND_ROBIN]
    assert policy_sentence(turn).startswith("An incident opens when the location whose turn it is fails in 2 rounds")
    assert policy_details(turn) == ["In each round one location checks; the locations take turns."]
    assert "recheck is made by the other locations" in " ".join(policy_details(PRESETS[Mode.PRIMARY]))


def test_only_where_fewer_can_fail_there_is_a_partial_outage() -> None:
    for policy in (Policy(quorum="any"), Policy(quorum=1), PRESETS[Mode.PRIMARY], PRESETS[Mode.ROUND_ROBIN]):
        assert not any("partial" in one for one in policy_details(policy))
    assert any("for at least 10 min" in one for one in policy_details(Policy(regional_after_seconds=600)))


def test_the_manual_has_the_words_of_the_pages() -> None:
    manual = Path("docs/api.md").read_text()
    for mode, policy in PRESETS.items():
        assert f"| `{mode.value}` | {PRESET_NAMES[mode]}: {opens_when(policy)} |" in manual
