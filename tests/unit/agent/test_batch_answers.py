"""For how long results are sent one by one after the broker did not answer a message with several."""

from __future__ import annotations

import pytest

from agent.intake import batch_answers
from agent.intake.batch_answers import LONGEST_SECONDS, SHORTEST_SECONDS, BatchAnswers
from tests.unit.agent.fake_loop import FakeLoop

WAITED = 5.0
"""How long the sender waits for an answer, in seconds."""


class AnswersCase:
    def __init__(self) -> None:
        self.loop = FakeLoop()
        self.answers = BatchAnswers()

    def send_unanswered(self) -> float | None:
        """Send a message that must be allowed, and wait for its answer in vain."""
        assert self.answers.may_send()
        sent_at = self.loop.now
        self.loop.pass_time(WAITED)
        return self.answers.not_answered(sent_at)


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> AnswersCase:
    case = AnswersCase()
    monkeypatch.setattr(batch_answers, "monotonic", case.loop.time)
    return case


def test_the_first_pause_is_short_and_each_further_one_longer(case: AnswersCase) -> None:
    pauses: list[float] = []
    for _ in range(8):
        seconds = case.send_unanswered()
        assert seconds is not None
        pauses.append(seconds)
        case.loop.pass_time(seconds - 0.1)
        assert not case.answers.may_send()
        case.loop.pass_time(0.1)
    assert pauses == [10, 20, 40, 80, 160, 320, 600, 600]
    assert (pauses[0], pauses[-1]) == (SHORTEST_SECONDS, LONGEST_SECONDS)


def test_an_answer_ends_the_pauses(case: AnswersCase) -> None:
    for _ in range(3):
        case.loop.pass_time(case.send_unanswered() or 0)
    assert case.answers.may_send()
    case.answers.answered(case.loop.now)
    assert [case.answers.may_send() for _ in range(3)] == [True] * 3
    assert case.send_unanswered() == SHORTEST_SECONDS


def test_after_a_pause_one_is_sent_and_the_others_wait_for_its_answer(case: AnswersCase) -> None:
    case.loop.pass_time(case.send_unanswered() or 0)
    assert [case.answers.may_send() for _ in range(3)] == [True, False, False]
    case.loop.pass_time(SHORTEST_SECONDS)  # whatever became of it
    assert [case.answers.may_send() for _ in range(3)] == [True, False, False]


def test_those_that_were_sent_meanwhile_count_as_one(case: AnswersCase) -> None:
    first = case.loop.now
    case.loop.pass_time(1)
    second = case.loop.now
    case.loop.pass_time(WAITED)
    assert case.answers.not_answered(first) == SHORTEST_SECONDS
    assert case.answers.not_answered(second) is None
    case.loop.pass_time(SHORTEST_SECONDS)
    assert case.answers.may_send()


def test_where_a_later_one_was_answered_the_broker_was_only_away(case: AnswersCase) -> None:
    before = case.loop.now
    case.loop.pass_time(3)
    assert case.answers.may_send()
    case.answers.answered(case.loop.now)
    case.loop.pass_time(2)
    assert case.answers.not_answered(before) is None
    assert case.answers.may_send()
