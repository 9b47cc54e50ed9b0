"""Heartbeats of agents and the clock readings that answer them."""

from __future__ import annotations

from time import monotonic

import msgspec
import structlog

from agent.intake.clock_sync import ClockSync
from shared.wire import subjects
from shared.wire.broker_clock import BrokerClock
from shared.wire.messages import Heartbeat
from tests.fakes.installation import VERIFIER
from tests.fuzz.golden import golden

SEEDS = (*golden("Heartbeat"), *golden("ClockReading"))
_LONGEST_TEXT = 128


def check(data: bytes) -> None:
    """A heartbeat is bounded and can be sent on; no answer makes an agent fail or sets its clock."""
    clock = BrokerClock()
    with structlog.testing.capture_logs() as logged:
        ClockSync(clock, VERIFIER).observe(data, "mailprobe.agent.de.de-nbg.a", b"{}", monotonic())
    assert clock.offset_ms is None
    assert [line["event"] for line in logged] == ["clock_reading_refused"]
    try:
        heartbeat = msgspec.json.decode(data, type=Heartbeat)
        subjects.agent(heartbeat.country, heartbeat.location, heartbeat.agent)
    except (ValueError, RecursionError):
        return
    assert all(len(text) <= _LONGEST_TEXT for text in (heartbeat.agent, heartbeat.version, *heartbeat.kinds))
    assert msgspec.json.decode(msgspec.json.encode(heartbeat), type=Heartbeat) == heartbeat
