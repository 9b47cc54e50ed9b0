"""What each kind of client may do on the broker, and nothing else (NATS permissions). Pure.

Nobody but the controller may touch streams and consumers: agents and subscribers fetch from consumers it made for them.
They are in an account of their own, into which no more is imported than they may use: an answer of JetStream goes
wherever the request says, with the server's own rights, but never out of the account that asked. Each has an inbox of
its own there, because whoever could listen on another's would read its answers.
"""

from __future__ import annotations

from typing import Any

from shared import subjects
from shared.targets import KINDS

REVISION = 1
"""Of a location's rights: one more with each change. A controller of an older version leaves newer ones alone."""

_TAGS = {"location": "{{tag(location)}}", "country": "{{tag(country)}}"}


def of_a_location() -> dict[str, Any]:
    """The template for agents: the server fills in tags and key of who logs in. Its own checks, results, heartbeats."""
    location, country = _TAGS["location"], _TAGS["country"]
    consumers = [f"{location}-{kind}" for kind in KINDS]
    return _rights(
        publish=[
            *(f"$JS.API.CONSUMER.MSG.NEXT.{subjects.CHECKS}.{consumer}" for consumer in consumers),
            *(f"$JS.ACK.{subjects.CHECKS}.{consumer}.>" for consumer in consumers),
            f"mailprobe.result.{country}.{location}",
            f"mailprobe.agent.{country}.{location}.*",
        ],
        subscribe=[f"{subjects.inbox('{{subject()}}')}.>"],
    )


def of_a_subscriber(subject: str, durable: str) -> dict[str, Any]:
    """Events of `subject`, as they come or fetched from the consumer `durable`."""
    return _rights(
        publish=[
            f"$JS.API.CONSUMER.MSG.NEXT.{subjects.EVENTS}.{durable}",
            f"$JS.ACK.{subjects.EVENTS}.{durable}.>",
        ],
        subscribe=[f"{subjects.inbox(durable)}.>", subject],
    )


SERVICES = (
    f"$JS.API.CONSUMER.MSG.NEXT.{subjects.CHECKS}.*",
    f"$JS.ACK.{subjects.CHECKS}.>",
    "mailprobe.result.*.*",
    "mailprobe.agent.*.*.*",
    f"$JS.API.CONSUMER.MSG.NEXT.{subjects.EVENTS}.*",
    f"$JS.ACK.{subjects.EVENTS}.>",
)
"""What crosses from the account of agents and subscribers to that of the controllers; each may have several answers."""

STREAMS = (subjects.ALL_EVENTS,)
"""What crosses the other way."""


def _rights(*, publish: list[str], subscribe: list[str]) -> dict[str, Any]:
    return {"pub": {"allow": publish}, "sub": {"allow": subscribe}}
