"""What an agent believes of an answer to its heartbeat: what the controllers read holds as long as they say so."""

from __future__ import annotations

from time import monotonic

import msgspec
import pytest

from agent.intake.clock_sync import ClockSync
from controller.trust.keys import new_request_key
from shared.clock import utc_now
from shared.wire.broker_clock import BrokerClock
from shared.wire.messages import BATCHES, READY_SECONDS, ClockReading
from shared.wire.signing import Signer
from tests.fakes.installation import SIGNER, VERIFIER

SUBJECT, HEARTBEAT = "mailprobe.agent.de.de.one", b"{}"


class SyncCase:
    def __init__(self) -> None:
        self.now = 100.0
        self.sync = ClockSync(BrokerClock(), VERIFIER, monotonic=lambda: self.now)

    def answered(self, *reads: str, signer: Signer | None = SIGNER) -> None:
        now = utc_now()
        signature = signer.reading(now, SUBJECT, HEARTBEAT) if signer else ""
        answer = msgspec.json.encode(ClockReading(now=now, signature=signature, reads=list(reads)))
        self.sync.observe(answer, SUBJECT, HEARTBEAT, monotonic())


@pytest.fixture
def case() -> SyncCase:
    return SyncCase()


def test_nothing_is_read_until_a_controller_says_so(case: SyncCase) -> None:
    assert not case.sync.is_read(BATCHES)
    case.answered(BATCHES)
    assert case.sync.is_read(BATCHES)
    assert not case.sync.is_read("from the future")


def test_the_answer_of_an_earlier_version_takes_it_back(case: SyncCase) -> None:
    case.answered("from the future", BATCHES)
    case.answered()
    assert not case.sync.is_read(BATCHES)


def test_without_answers_it_ends_by_itself(case: SyncCase) -> None:
    case.answered(BATCHES)
    case.now += READY_SECONDS
    assert case.sync.is_read(BATCHES)
    case.now += 0.1
    assert not case.sync.is_read(BATCHES)


@pytest.mark.parametrize("signer", [None, Signer(new_request_key())], ids=["unsigned", "signed by somebody else"])
def test_what_nobody_vouches_for_is_not_believed(case: SyncCase, signer: Signer | None) -> None:
    case.answered(BATCHES, signer=signer)
    assert not case.sync.is_read(BATCHES)
    case.answered(BATCHES)
    case.answered(BATCHES, signer=signer)
    assert not case.sync.is_read(BATCHES)


def test_what_cannot_be_read_takes_it_back(case: SyncCase) -> None:
    case.answered(BATCHES)
    case.sync.observe(b"{", SUBJECT, HEARTBEAT, monotonic())
    assert not case.sync.is_read(BATCHES)
