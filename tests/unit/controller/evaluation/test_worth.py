"""What is not worth an evaluation would change nothing."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.evaluation.policy import PRESETS, STANDARD, Policy
from controller.decisions.evaluation.worth import is_result_worth
from shared.wire.messages import ResultStatus
from tests.unit.controller.evaluation.evaluations import INTERVAL_MS, MonitorUnderTest

_STATUS = {
    "p": (ResultStatus.SUCCESS, False),
    "w": (ResultStatus.SUCCESS, True),
    "f": (ResultStatus.FAILURE, False),
    "b": (ResultStatus.UNKNOWN, False),
}


def worth(letter: str, *, stable: bool, was_blind: bool) -> bool:
    status, warned = _STATUS[letter]
    return is_result_worth(
        stable=stable, noted=False, is_retry=False, status=status, warned=warned, was_blind=was_blind
    )


@given(
    rounds=st.lists(
        st.one_of(st.sampled_from(["ppp", "ppp", "bpp", "bpp"]), st.text("ppwfb", min_size=3, max_size=3)),
        min_size=8,
        max_size=20,
    ),
    policy=st.sampled_from([STANDARD, *PRESETS.values()]),
)
def test_the_others_would_change_nothing(rounds: list[str], policy: Policy) -> None:
    monitor = MonitorUnderTest(policy)
    blind: set[int] = set()
    for number, ballots in enumerate(["ppp", "ppp", *rounds], 1):
        before, changes = monitor.state, list(monitor.changes)
        needless = before.stable and not any(
            worth(letter, stable=True, was_blind=place in blind) for place, letter in enumerate(ballots)
        )
        assert needless or number != 2
        monitor.evaluate_once(ballots, number * INTERVAL_MS)
        blind = {place for place, letter in enumerate(ballots) if letter == "b"}
        if needless:
            assert (monitor.state.verdict, monitor.state.stable) == (before.verdict, True)
            assert (monitor.changes, monitor.recheck) == (changes, False)


@pytest.mark.parametrize(("letter", "was_blind"), list(product("wfbp", (False, True))))
def test_what_is_news_for_a_stable_monitor(letter: str, was_blind: bool) -> None:
    """All but a pass where the location could see, and a blind check where it could not."""
    nothing_new = (letter, was_blind) in {("p", False), ("b", True)}
    assert worth(letter, stable=True, was_blind=was_blind) is not nothing_new
    assert worth(letter, stable=False, was_blind=was_blind)
