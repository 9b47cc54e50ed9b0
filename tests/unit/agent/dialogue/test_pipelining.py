"""Which dialogues get several commands at once, for how long that is remembered, and of how many."""

from __future__ import annotations

import pytest

from agent.dialogue.pipelining import LEAST_SECONDS, Pipelining, seconds_to_wait

DIALOGUE = b"one"


def test_a_dialogue_gets_several_commands_after_one_at_a_time_and_again_a_day_after_that_failed() -> None:
    now = 0.0
    pipelining = Pipelining(clock=lambda: now)
    assert not pipelining.is_allowed(DIALOGUE)
    pipelining.passed(DIALOGUE)
    assert pipelining.is_allowed(DIALOGUE)
    pipelining.failed(DIALOGUE)
    pipelining.passed(DIALOGUE)
    assert not pipelining.is_allowed(DIALOGUE)
    now = Pipelining.DAY
    assert pipelining.is_allowed(DIALOGUE)


def test_a_forgotten_dialogue_gets_several_commands_as_soon_as_it_passes() -> None:
    pipelining = Pipelining()
    for learn in (pipelining.passed, pipelining.failed):
        learn(DIALOGUE)
        pipelining.forget(DIALOGUE)
        assert not pipelining.is_allowed(DIALOGUE)
        pipelining.passed(DIALOGUE)
        assert pipelining.is_allowed(DIALOGUE)
        pipelining.forget(DIALOGUE)
    pipelining.forget(DIALOGUE)  # which it does not know


def test_of_many_dialogues_the_one_used_last_is_kept() -> None:
    pipelining = Pipelining(most=2)
    for dialogue in (b"1", b"2"):
        pipelining.passed(dialogue)
    assert pipelining.is_allowed(b"1")
    pipelining.passed(b"3")
    assert [pipelining.is_allowed(dialogue) for dialogue in (b"1", b"2", b"3")] == [True, False, True]


def test_however_many_dialogues_fail_only_so_many_are_kept() -> None:
    pipelining = Pipelining(most=2)
    for number in range(10):
        pipelining.failed(b"%d" % number)
    assert len(pipelining) == 2


@pytest.mark.parametrize(
    ("used", "left", "wait"),
    [
        (0.1, 30.0, 5.0),
        (0.1, 9.0, 3.0),
        (0.0, 1.5 * LEAST_SECONDS, LEAST_SECONDS / 2),
        (0.0, 1.4 * LEAST_SECONDS, None),  # nothing useful would be left
        (10.0, 15.0, None),  # the repeat would not come as far in 10 s again
        (10.0, 17.0, 5.0),
        (0.0, -1.0, None),
    ],
)
def test_the_wait_leaves_time_for_a_repeat(used: float, left: float, wait: float | None) -> None:
    assert seconds_to_wait(used, left) == wait
