"""The permissions of each kind of client on the broker (NATS permissions). Pure.

Only controllers may manage streams and consumers; agents and subscribers fetch from consumers made for them. They are
in an account of their own that imports only what they may use: JetStream sends an answer to any subject that the
request names, with the server's own rights, but never outside the requesting account. Each location and each subscriber
has its own inbox there, because a client that could listen on another inbox would read its answers. All agents of a
location share one, whichever of its keys they log in with, because a leaf server uses one login for all of them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shared.wire import subjects
from shared.wire.targets import KINDS

REVISION = 1
"""Raise it with each change of the rights below. A controller does not overwrite rights of a higher revision."""

_SUBSCRIBERS_API = f"$JS.{subjects.DOMAIN}.API.CONSUMER"
_TAGS = {"location": "{{tag(location)}}", "country": "{{tag(country)}}"}


def location_rights() -> dict[str, Any]:
    """The template for agents: their own checks, results and heartbeats. The server fills in the tags of the user."""
    location, country = _TAGS["location"], _TAGS["country"]
    consumers = [f"{location}-{kind}" for kind in KINDS]
    return _rights(
        publish=[
            *(f"$JS.API.CONSUMER.MSG.NEXT.{subjects.CHECKS}.{consumer}" for consumer in consumers),
            *(f"$JS.ACK.{subjects.CHECKS}.{consumer}.>" for consumer in consumers),
            f"mailprobe.result.{country}.{location}",
            f"mailprobe.agent.{country}.{location}.*",
        ],
        subscribe=[f"{subjects.inbox(subjects.LOCATION_PREFIX + location)}.>"],
    )


def subscriber_rights(subject: str, durable: str) -> dict[str, Any]:
    """Events of `subject`, live or fetched from the consumer `durable`, and INFO, which many clients request first."""
    return _rights(
        publish=[
            f"{_SUBSCRIBERS_API}.INFO.{subjects.EVENTS}.{durable}",
            f"{_SUBSCRIBERS_API}.MSG.NEXT.{subjects.EVENTS}.{durable}",
            f"$JS.ACK.{subjects.EVENTS}.{durable}.>",
        ],
        subscribe=[f"{subjects.inbox(durable)}.>", subject],
    )


class NatsService(NamedTuple):
    """A subject that the controllers' account answers. `local_subject` is its other name in the guests' account."""

    subject: str
    local_subject: str | None = None


SERVICES = (
    NatsService(f"$JS.API.CONSUMER.MSG.NEXT.{subjects.CHECKS}.*"),
    NatsService(f"$JS.ACK.{subjects.CHECKS}.>"),
    NatsService("mailprobe.result.*.*"),
    NatsService("mailprobe.agent.*.*.*"),
    # Under its original name, the server itself would also answer INFO: that the guests' account has no streams.
    NatsService(f"$JS.API.CONSUMER.INFO.{subjects.EVENTS}.*", f"{_SUBSCRIBERS_API}.INFO.{subjects.EVENTS}.$1"),
    NatsService(f"$JS.API.CONSUMER.MSG.NEXT.{subjects.EVENTS}.*", f"{_SUBSCRIBERS_API}.MSG.NEXT.{subjects.EVENTS}.$1"),
    NatsService(f"$JS.ACK.{subjects.EVENTS}.>"),
)
"""Services of the controllers' account that the guests' account imports; a request may have several answers."""

STREAMS = (subjects.ALL_EVENTS,)
"""Subjects of the controllers' account that the guests' account may subscribe to."""


def _rights(*, publish: list[str], subscribe: list[str]) -> dict[str, Any]:
    return {"pub": {"allow": publish}, "sub": {"allow": subscribe}}
