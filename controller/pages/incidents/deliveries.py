"""Who was notified of an incident, when, on which channel and with which result; and if nobody was, why."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from controller.model import DeliveryRecord
from controller.model.values.masking import masked
from controller.operations.incidents.notified import Notified
from controller.pages.words.incidents import delivery_state, silence_words

_NOTIFYING = ("opened", "escalated", "eased", "flapping", "resolved")
_OWN_ADDRESS = {"email": "own address", "sms": "own number"}


class TryView(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    answer: str


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One notification to one receiver. `next_at` is None unless it waits."""

    change: str
    channel: str
    type: str
    receiver: str
    state: str
    words: str
    error: str
    at: datetime
    next_at: datetime | None
    attempts: int
    tries: list[TryView]


class DeliveriesView(msgspec.Struct, frozen=True, kw_only=True):
    """`nobody` says prominently that nobody was notified, and why; empty when somebody was. `failed` are the receivers
    whose notification was given up. `held_by` is the incident because of which nobody was notified.
    """

    rows: list[DeliveryView]
    nobody: str
    held_by: UUID | None
    failed: list[str]
    flapping: bool


def deliveries_view(notified: Notified, *, flapping: bool) -> DeliveriesView:
    rows = [_delivery(one) for one in notified.deliveries]
    failed = [
        row.receiver or row.channel for row, one in zip(rows, notified.deliveries, strict=True) if one.state == "failed"
    ]
    return DeliveriesView(
        rows=rows,
        nobody=_nobody(notified),
        held_by=notified.nobody.held_by if notified.nobody else None,
        failed=list(dict.fromkeys(failed)),
        flapping=flapping,
    )


def _nobody(notified: Notified) -> str:
    if notified.nobody is not None:
        return silence_words(notified.nobody.silence, notified.nobody.windows)
    states = {one.state for one in notified.deliveries}
    if not states or states & {"sent", "digested"}:
        return ""
    if "waiting" in states:
        return "Nobody was notified so far: no notification was accepted yet."
    if "held" in states:
        return "Nobody was notified so far: notifications wait for the end of quiet hours."
    if "failed" in states:
        return "Nobody was notified: every notification failed for good."
    return "Nobody was notified: no notification had to be sent."


def _delivery(found: DeliveryRecord) -> DeliveryView:
    state, words = delivery_state(found.state)
    own = found.channel_name is None
    named = found.type in _OWN_ADDRESS
    return DeliveryView(
        change=found.change_kind if found.step is None else f"escalation step {found.step}",
        channel=_OWN_ADDRESS.get(found.type, "") if own else masked(found.channel_name or ""),
        type=found.type,
        receiver=found.receiver if named else "",
        state=state,
        words=words,
        error=masked(found.error or ""),
        at=found.sent_at or found.created_at,
        next_at=found.next_at if found.state == "waiting" else None,
        attempts=found.attempts,
        tries=[TryView(at=one.at, answer=masked(one.error) if one.error else "accepted") for one in found.tries],
    )
