"""A transport of the controller itself that fails gets one delivery at a time, with growing pauses."""

from __future__ import annotations

from datetime import timedelta

from controller.decisions.notification.retries import PAUSES, is_stale, probe_pause
from controller.notify.channels import ChannelGroup
from controller.pipeline.delivery.transports import LIMITS, TransportState
from controller.store.notifications.claims import Claimed
from tests.fakes.notices import a_claim

EMAIL = LIMITS[ChannelGroup.EMAIL]


class Timer:
    def __init__(self) -> None:
        self.now = 1000.0
        self.transport = TransportState(ChannelGroup.EMAIL, clock=lambda: self.now)

    def free(self, *under_way: Claimed) -> list[int]:
        """How many of the channels that work, and that fail, may be claimed."""
        return [one.free for one in self.transport.slots(under_way)]


def test_a_transport_that_works_takes_as_many_as_it_may() -> None:
    mails = Timer()
    assert mails.free() == [EMAIL.at_once, EMAIL.probes]
    assert mails.free(a_claim("email"), a_claim("webhook")) == [EMAIL.at_once - 1, EMAIL.probes]
    assert mails.free(a_claim("email", failures=2)) == [EMAIL.at_once, EMAIL.probes - 1]


def test_one_that_fails_is_tried_by_one_after_each_pause() -> None:
    mails = Timer()
    for pause in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0):
        mails.transport.fails(1)
        mails.transport.fails(2)  # it was under way at the same time
        mails.now += pause - 0.1
        assert mails.free() == []
        mails.now += 0.1
        assert mails.free() == [1]
        assert mails.free(a_claim("email")) == [], "the one that tries"


def test_what_failed_in_an_outage_is_named_when_it_is_over() -> None:
    mails = Timer()
    for number in (1, 2, 3):
        mails.transport.fails(number)
        mails.now += 60.0
    assert mails.transport.works() == [1, 2, 3]
    assert mails.transport.works() == []
    assert mails.free() == [EMAIL.at_once, EMAIL.probes]


def test_a_single_failure_is_no_outage() -> None:
    mails = Timer()
    mails.transport.fails(1)
    assert mails.transport.works() == []


def test_nothing_is_stale_that_has_attempts_left() -> None:
    longest = sum(PAUSES, timedelta()) + probe_pause(99) * len(PAUSES)
    assert not is_stale(longest)
    assert is_stale(timedelta(hours=49))
