"""Messages about NATS and PostgreSQL: they are away, or store nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from controller.model.dependencies import STREAM_OF, Dependency
from controller.notify.ops.message import OpsMessage
from controller.store.notifications.ops_notices import OpenProblem

_LOST = {
    Dependency.CHECKS: "No requests go out: checks become gaps with the reason broker_refused.",
    Dependency.RESULTS: "Agents keep their results, and check no more than they can keep. Do not restart agents now:"
    " the results that they hold would be lost.",
    Dependency.EVENTS: "Subscribers and open pages get no events. They are published later.",
}
_AWAY = "Nothing is checked while NATS is away. Controllers and agents connect by themselves when it is back."
_REMEDY = (
    "If a disk is full, make room. nats-server goes on failing until it is restarted: do that afterwards"
    " (`systemctl restart nats`); `make run` restarts its own by itself. Controllers and agents need no restart."
)
_NOTHING_STORED = (
    "Results wait in NATS, and no verdict changes meanwhile: nobody is notified of outages. The API answers 503 to"
    " changes."
)
_DATABASE_REMEDY = (
    "If its disk is full, make room; if a fail-over is under way, wait for it. Start PostgreSQL if it has stopped."
    " Controllers continue by themselves."
)


def broker_failing(new: Collection[str], texts: Mapping[str, str], since: Mapping[str, datetime]) -> OpsMessage:
    """`texts` say why each part fails."""
    parts = [part for part in Dependency if part in new]
    streams = [STREAM_OF[part] for part in parts if part in STREAM_OF]
    return OpsMessage(
        title=f"NATS stores nothing in {', '.join(streams)}" if streams else "NATS is away",
        paragraphs=[
            *(f"Since {since[part]:%Y-%m-%d %H:%M:%S} UTC: {texts[part]}." for part in parts),
            *(_LOST.get(part, _AWAY) for part in parts),
            *([_REMEDY] if streams else []),
        ],
    )


def broker_works(over: Sequence[OpenProblem]) -> OpsMessage:
    streams = [STREAM_OF[part] for part in Dependency if part in STREAM_OF and part in {one.subject for one in over}]
    begun = min(one.since for one in over)
    return OpsMessage(
        title=f"NATS stores again: {', '.join(streams)}" if streams else "NATS is back",
        paragraphs=[f"It had failed since {begun:%Y-%m-%d %H:%M:%S} UTC. Checks of that time are gaps where none ran."],
    )


def database_failing(controller: str, text: str, since: datetime, others: Sequence[str]) -> OpsMessage:
    """`others` say what else fails: while PostgreSQL stores nothing, no notice of it can be sent."""
    return OpsMessage(
        title="PostgreSQL stores nothing",
        paragraphs=[
            f"Controller {controller}, since {since:%Y-%m-%d %H:%M:%S} UTC: {text}.",
            *(f"This fails too: {other}." for other in others),
            _NOTHING_STORED,
            _DATABASE_REMEDY,
            "Another controller may send this message too, because they cannot agree on one without PostgreSQL.",
        ],
    )


def database_works(controller: str, since: datetime) -> OpsMessage:
    return OpsMessage(
        title="PostgreSQL stores again",
        paragraphs=[
            f"Controller {controller}: it had failed since {since:%Y-%m-%d %H:%M:%S} UTC.",
            "Results that waited in NATS are stored now.",
        ],
    )
