"""Results that are refused: they become dead letters, and never hold up the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import structlog

from controller.decisions.received_results import RejectionReason
from controller.metrics.counts import Counts
from controller.pipeline.ingest.arrivals import Arrival, Rejected, refused
from controller.store.checks.dead_letters import DeadLetter, store_dead_letters
from controller.store.platform.pool import Database, StoreUnavailableError
from controller.trust.location_signatures import Doubt
from shared.wire.messages import CheckResult

log = structlog.get_logger()

_DEAD_LETTER_BYTES = 64 * 1024
_DOUBTS = {
    Doubt.UNSIGNED: "unsigned, although the location's agents sign",
    Doubt.UNKNOWN_KEY: "signed with a key that is not one of this location's",
    Doubt.ENDED_KEY: "signed with a key of this location that has ended",
    Doubt.WRONG_SIGNATURE: "the signature is not valid for this message",
}


def doubted(arrival: Arrival, doubt: Doubt) -> Rejected:
    """A result that its location did not sign, as a dead letter."""
    return refused(arrival, RejectionReason(doubt), _DOUBTS[doubt])


async def reject(db: Database, counts: Counts, rejected: Sequence[Rejected]) -> None:
    """Store as dead letters and end their delivery. A flood is logged as one line for each subject and reason. While
    PostgreSQL is away, they come again.
    """
    if not rejected:
        return
    logged: Counter[tuple[str, RejectionReason]] = Counter((one.subject, one.why) for one in rejected)
    for one in rejected:
        together = logged.pop((one.subject, one.why), 0)
        if together:
            names = _names(one.result)
            log.warning("result_rejected", subject=one.subject, reason=one.reason, messages=together, **names)
    messages = [DeadLetter(one.subject, one.why.value, one.reason, one.body[:_DEAD_LETTER_BYTES]) for one in rejected]
    try:
        await store_dead_letters(db, messages)
    except StoreUnavailableError:
        return
    for one in rejected:
        counts.dead_letters.add((one.why,))
        await one.message.dropped()


def _names(result: CheckResult | None) -> dict[str, str]:
    """The fields that name a check in log lines; none when the message does not say."""
    if result is None:
        return {}
    return {"check_id": str(result.check_id), "monitor_id": str(result.monitor_id), "location": result.location}
