"""Who was notified of an incident, in our own API. Names and errors of channels are masked: a webhook's URL is a
password.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from controller.decisions.notification.silence import Silence
from controller.http.timestamps import Timestamp, timestamp, timestamp_or_none
from controller.model import DeliveryRecord
from controller.model.values.masking import masked
from controller.operations.incidents.notified import Notified

_WAITING = "waiting"
_ADDRESSED = frozenset({"email", "sms"})
"""Types whose receiver is an address; that of the others is a channel, or a secret."""


class DeliveryAttempt(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One attempt to send a notification."""

    at: Annotated[Timestamp, Meta(description="When.")]
    error: Annotated[str | None, Meta(description="Why it failed; null when it was accepted.")]


class IncidentDelivery(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A notification of a change of the incident to one receiver, or that nobody has taken it."""

    change: Annotated[
        str,
        Meta(
            description="The change that it is about, as `kind` in the timeline. reminder, and step of an escalation"
            " policy: nobody had taken the incident."
        ),
    ]
    step: Annotated[int | None, Meta(description="The number of the step, from 1 on; null for anything else.")]
    type: Annotated[str, Meta(description="The type of the channel: email, slack …")]
    channel: Annotated[
        str | None, Meta(description="The channel's name then; null: the monitor's or customer's own address.")
    ]
    receiver: Annotated[str | None, Meta(description="The address or number; null for other types.")]
    state: Annotated[
        str,
        Meta(
            description="waiting, held (by quiet hours), digested (told in the digest after them), sent, failed"
            " (given up) or skipped (there was no need any more)."
        ),
    ]
    attempts: Annotated[int, Meta(description="How often it was tried.")]
    latest_attempts: Annotated[list[DeliveryAttempt], Meta(description="The latest ten, oldest first.")]
    error: Annotated[str | None, Meta(description="Why it failed, was skipped, or waits.")]
    created_at: Annotated[Timestamp, Meta(description="When it was decided.")]
    sent_at: Annotated[Timestamp | None, Meta(description="When it was accepted.")]
    next_attempt_at: Annotated[Timestamp | None, Meta(description="Null unless it waits.")]


class NotifiedAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`deliveries`, 200 at most, or why there are none."""

    deliveries: Annotated[list[IncidentDelivery], Meta(description="In order.")]
    nobody: Annotated[
        Silence | None,
        Meta(
            description="Why there are none. off: the monitor's notifications are off. maintenance: it was in"
            " maintenance. no_channel: there is no active channel and no address. regional: regional outages go to the"
            " monitor's own channels only. not_meant: no channel is meant for it. later: now somebody would. held: a"
            " monitor that it depends on was down, as the incident's `heldBy` says."
        ),
    ]
    maintenance_windows: Annotated[
        list[str], Meta(description="With maintenance: the names of the windows that held, as far as they still exist.")
    ]


def notified_answer(notified: Notified) -> NotifiedAnswer:
    nobody = notified.nobody
    return NotifiedAnswer(
        deliveries=[delivery_item(one) for one in notified.deliveries],
        nobody=nobody and nobody.silence,
        maintenance_windows=list(nobody.windows) if nobody else [],
    )


def delivery_item(found: DeliveryRecord) -> IncidentDelivery:
    return IncidentDelivery(
        change=found.change_kind,
        step=found.step,
        type=found.type,
        channel=None if found.channel_name is None else masked(found.channel_name),
        receiver=found.receiver if found.type in _ADDRESSED else None,
        state=found.state,
        attempts=found.attempts,
        latest_attempts=[DeliveryAttempt(at=timestamp(one.at), error=_error(one.error)) for one in found.tries],
        error=_error(found.error),
        created_at=timestamp(found.created_at),
        sent_at=timestamp_or_none(found.sent_at),
        next_attempt_at=timestamp(found.next_at) if found.state == _WAITING else None,
    )


def _error(text: str | None) -> str | None:
    return None if text is None else masked(text)


DELIVERY: dict[str, Any] = {
    "change": "opened",
    "step": None,
    "type": "slack",
    "channel": "Ops Slack",
    "receiver": None,
    "state": "sent",
    "attempts": 1,
    "latestAttempts": [{"at": "2026-01-01T12:00:11.000Z", "error": None}],
    "error": None,
    "createdAt": "2026-01-01T12:00:10.050Z",
    "sentAt": "2026-01-01T12:00:11.000Z",
    "nextAttemptAt": None,
}
