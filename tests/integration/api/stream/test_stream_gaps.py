"""A stream with a filter learns that events of its customer were lost, which it cannot see from what it gets."""

from __future__ import annotations

import time

import msgspec

from controller.streaming.sequence_watch import HOLE_SECONDS
from shared.nats.bus import Bus
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.api.stream.stream_client import (
    EVENTS,
    RESULTS,
    StreamClient,
    a_verdict,
    an_event,
    ids,
    open_streams,
)


async def publish(streams: StreamClient, customer: str, *numbers: int) -> list[str]:
    events = [msgspec.structs.replace(an_event(customer=customer), sequence=number) for number in numbers]
    return [str((await streams.publish(event)).event_id) for event in events]


async def test_a_number_that_never_comes_is_reported_to_those_who_may_see_its_customer(api: Api, bus: Bus) -> None:
    async with open_streams(api, bus) as streams:
        failures = {"status": "failure", "customerId": CUSTOMER}
        async with (
            streams.listen(RESULTS, failures) as filtered,
            streams.listen(EVENTS, {"type": "verdict"}) as verdicts,
            streams.listen(RESULTS, {"customerId": OTHER_CUSTOMER}) as other,
        ):
            await publish(streams, CUSTOMER, 11, 12, 16)
            others = await publish(streams, OTHER_CUSTOMER, 3, 5, 4)
            assert ids(await other.events(3)) == others
            streams.hub._sequences._monotonic = lambda: time.monotonic() + HOLE_SECONDS
            for listener in (filtered, verdicts):
                gap = await listener.event()
                assert (gap.event, gap.json["type"], gap.json["reason"]) == ("gap", "lost", "lost")
                assert (gap.json["owner"], gap.json["firstSequence"], gap.json["lastSequence"]) == (CUSTOMER, 13, 15)
                assert gap.json["from"] == streams.id_of(2)
            verdict = await streams.publish(a_verdict())
            assert ids([await verdicts.event()]) == [str(verdict.event_id)], "it is reported once"
            more = await publish(streams, OTHER_CUSTOMER, 6)
            assert ids([await other.event()]) == more, "other customers lost nothing"
