"""The parent of an agent's processes knows which requests they took: a redelivery may run, a replay may not."""

from __future__ import annotations

from uuid import UUID, uuid4

from agent.throttling.taken import TakenRequest, TakenRequests

CHECK = UUID(int=1)
FIRST, SECOND = "first", "second"


def request(number: int, check_id: UUID = CHECK, seconds: float = 60.0) -> TakenRequest:
    return TakenRequest(check_id, number, seconds)


def test_a_request_that_another_process_runs_or_ran_is_a_replay_under_another_number() -> None:
    taken = TakenRequests()
    assert taken.take(FIRST, [request(10)], 0.0) == []
    assert taken.take(SECOND, [request(20), request(21, uuid4())], 0.0) == [0]
    taken.answered(FIRST, CHECK)
    assert taken.take(SECOND, [request(20)], 1.0) == [0]


def test_a_redelivery_has_the_same_number_and_may_run_elsewhere() -> None:
    taken = TakenRequests()
    taken.take(FIRST, [request(10)], 0.0)
    assert taken.take(SECOND, [request(10)], 10.0) == []
    taken.answered(FIRST, CHECK)  # the process that hung goes on, but no longer has it
    assert taken.take(FIRST, [request(30)], 11.0) == [0]


def test_of_a_redelivery_and_a_replay_together_only_the_replay_is_named() -> None:
    taken = TakenRequests()
    taken.take(FIRST, [request(10)], 0.0)
    assert taken.take(SECOND, [request(20), request(10), request(21)], 1.0) == [0]


def test_of_checks_from_one_message_only_those_that_another_process_has_are_replays() -> None:
    taken, other = TakenRequests(), uuid4()
    taken.take(FIRST, [request(10), request(10, other)], 0.0)
    assert taken.take(SECOND, [request(20, uuid4()), request(20, other), request(20, uuid4())], 1.0) == [1]


def test_one_process_may_have_two_messages_of_the_check_that_it_runs() -> None:
    taken = TakenRequests()
    taken.take(FIRST, [request(10)], 0.0)
    assert taken.take(FIRST, [request(11)], 0.0) == []


def test_what_a_dead_process_did_not_answer_may_run_and_what_it_answered_may_not() -> None:
    taken, answered = TakenRequests(), uuid4()
    taken.take(FIRST, [request(10), request(11, answered)], 0.0)
    taken.answered(FIRST, answered)
    taken.left(FIRST)
    assert taken.take(SECOND, [request(20), request(21, answered)], 1.0) == [1]


def test_it_forgets_what_can_no_longer_be_replayed_and_never_grows_beyond_its_limit() -> None:
    taken = TakenRequests(most=100)
    for number in range(1000):
        taken.take(FIRST, [request(number, uuid4())], 0.0)
    assert len(taken) == 100
    taken.take(FIRST, [request(1000, uuid4())], 61.0)
    assert len(taken) == 1
