"""Says when NATS has refused a controller for good: its keys are those of another installation, or were replaced."""

from __future__ import annotations

import structlog

from shared.nats.bus import Bus

log = structlog.get_logger()

KEYS_ENDED = (
    "NATS has refused these keys for a minute: the trust.conf of its servers was made from another trust file than"
    " MAILPROBE_TRUST_FILE"
)


async def report_ended_keys(bus: Bus) -> None:
    """Log it once; return when NATS lets this controller in again."""
    await bus.refused()
    log.error(
        "keys_ended",
        reason=KEYS_ENDED,
        advice="give this controller the present file and start it again, or the servers a trust.conf made from it:"
        " mailprobe-controller trust nats-config",
    )
    await bus.wait_connected()
