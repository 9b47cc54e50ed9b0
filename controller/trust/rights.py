"""What each kind of client may do on the broker, and nothing else (NATS permissions). Pure.

Nobody but the controller may touch streams and consumers: agents and subscribers fetch from consumers it made for them.
They are in an account of their own, into which no more is imported than they may use: an answer of JetStream goes
wherever the request says, with the server's own rights, but never out of the account that asked. Each location and each
subscriber has an inbox of its own there, because whoever could listen on another's would read its answers. Agents of a
location share theirs, whichever of its keys they log in with: a leaf server, logged in with one, hears for them all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shared.wire import subjects
from shared.wire.targets import KINDS

REVISION = 1
"""Of a location's rights and what crosses: one more with each change. An older controller leaves newer ones alone."""

_SUBSCRIBERS_API = f"$JS.{subjects.DOMAIN}.API.CONSUMER"
_TAGS = {"location": "{{tag(location)}}", "country": "{{tag(country)}}"}


def of_a_location() -> dict[str, Any]:
    """The template for agents: the server fills in the tags of who logs in. Its own checks, results, heartbeats."""
    location, country = _TAGS["location"], _TAGS["country"]
    consumers = [f"{location}-{kind}" for kind in KINDS]
    return _rights(
        publish=[
            *(f"$JS.API.CONSUMER.MSG.NEXT.{subjects.CHECKS}.{consumer}" for consumer in consumers),
            *(f"$JS.ACK.{subjects.CHECKS}.{consumer}.>" for consumer in consumers),
            f"mailprobe.result.{country}.{location}",
            f"mailprobe.agent.{country}.{location}.*",
        ],
        subscribe=[f"{subjects.inbox(subjects.AT + location)}.>"],
    )


def of_a_subscriber(subject: str, durable: str) -> dict[str, Any]:
    """Events of `subject`, as they come or fetched from the consumer `durable`, which many clients first ask about."""
    return _rights(
        publish=[
            f"{_SUBSCRIBERS_API}.INFO.{subjects.EVENTS}.{durable}",
            f"{_SUBSCRIBERS_API}.MSG.NEXT.{subjects.EVENTS}.{durable}",
            f"$JS.ACK.{subjects.EVENTS}.{durable}.>",
        ],
        subscribe=[f"{subjects.inbox(durable)}.>", subject],
    )


class Service(NamedTuple):
    """A subject that is answered, and what it is called where it is imported, if that differs."""

    subject: str
    there: str | None = None


SERVICES = (
    Service(f"$JS.API.CONSUMER.MSG.NEXT.{subjects.CHECKS}.*"),
    Service(f"$JS.ACK.{subjects.CHECKS}.>"),
    Service("mailprobe.result.*.*"),
    Service("mailprobe.agent.*.*.*"),
    # Under its own name the server would answer INFO as well: that the guests' account has no streams.
    Service(f"$JS.API.CONSUMER.INFO.{subjects.EVENTS}.*", f"{_SUBSCRIBERS_API}.INFO.{subjects.EVENTS}.$1"),
    Service(f"$JS.API.CONSUMER.MSG.NEXT.{subjects.EVENTS}.*", f"{_SUBSCRIBERS_API}.MSG.NEXT.{subjects.EVENTS}.$1"),
    Service(f"$JS.ACK.{subjects.EVENTS}.>"),
)
"""What crosses from the account of agents and subscribers to that of the controllers; each may have several answers."""

STREAMS = (subjects.ALL_EVENTS,)
"""What crosses the other way."""


def _rights(*, publish: list[str], subscribe: list[str]) -> dict[str, Any]:
    return {"pub": {"allow": publish}, "sub": {"allow": subscribe}}
