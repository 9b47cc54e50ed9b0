"""The permissions of each kind of client on the broker (NATS permissions), and what their accounts import. Pure.

Only controllers may manage streams and consumers; agents and subscribers fetch from consumers made for them. JetStream
sends an answer to any subject that the request names, with the server's own rights, but never outside the requesting
account. So every location and every subscriber has an account of its own, which imports only what it may use.

Logins of earlier versions are together in one account, the shared one. Each location and each subscriber has its own
inbox there, because a client that could listen on another inbox would read its answers. All agents of a location share
one, whichever of its keys they log in with, because a leaf server uses one login for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from shared.wire import subjects

REVISION = 4
"""Raise it with each change of the rights below, but not for another kind of check. A controller does not overwrite
rights of a higher revision.
"""

_NEXT_CHECK = f"CONSUMER.MSG.NEXT.{subjects.CHECKS}"
_NEXT_EVENT = f"CONSUMER.MSG.NEXT.{subjects.EVENTS}."
_INFO = f"CONSUMER.INFO.{subjects.EVENTS}."
_IN_DOMAIN = f"$JS.{subjects.DOMAIN}.API"
_TAGS = {"location": "{{tag(location)}}", "country": "{{tag(country)}}"}


def location_rights(kinds: Iterable[str]) -> dict[str, Any]:
    """The template for agents: their own checks of these kinds, results and heartbeats. The server fills in the tags of
    the user.
    """
    location, country = _TAGS["location"], _TAGS["country"]
    consumers = [f"{location}-{kind}" for kind in kinds]  # a wildcard is a whole token, never a part of one
    return _rights(
        publish=[
            *(f"$JS.API.{_NEXT_CHECK}.{consumer}" for consumer in consumers),
            *(f"{_IN_DOMAIN}.{_NEXT_CHECK}.{consumer}" for consumer in consumers),
            *(f"$JS.ACK.{subjects.CHECKS}.{consumer}.>" for consumer in consumers),
            f"mailprobe.result.{country}.{location}",
            f"mailprobe.result.{country}.{location}.batch",
            f"mailprobe.agent.{country}.{location}.*",
        ],
        subscribe=[f"{subjects.inbox(subjects.LOCATION_PREFIX + location)}.>"],
    )


def subscriber_rights(subject: str, durable: str) -> dict[str, Any]:
    """Events of `subject`, live or fetched from the consumer `durable`, and INFO, which many clients request first."""
    return _rights(
        publish=[each.local_subject or each.subject for each in subscriber_services(durable)],
        subscribe=[f"{subjects.inbox(durable)}.>", subject],
    )


class NatsService(NamedTuple):
    """A subject that the controllers' account answers. `local_subject` is its other name in the importing account."""

    subject: str
    local_subject: str | None = None


NEXT_CHECK = NatsService(f"$JS.API.{_NEXT_CHECK}.*", f"{_IN_DOMAIN}.{_NEXT_CHECK}.$1")
"""Agents use the first name, and servers replace it (a mapping of their account): under it, a leaf server would answer
agents itself, although it has no JetStream, and the centre would take no such requests from it.
"""

LOCATION_SERVICES = (
    NEXT_CHECK,
    NatsService(f"$JS.ACK.{subjects.CHECKS}.>"),
    NatsService(subjects.EVERY_RESULT),
    NatsService(subjects.EVERY_RESULT_BATCH),
    NatsService("mailprobe.agent.*.*.*"),
)
"""What the account of a location imports; a request may have several answers."""


def subscriber_services(durable: str) -> tuple[NatsService, ...]:
    """What the account of the subscriber with this consumer imports beside its events."""
    info, following = _INFO + durable, _NEXT_EVENT + durable
    return (
        # Under its original name, the server itself would also answer INFO: that the account has no streams.
        NatsService(f"$JS.API.{info}", f"{_IN_DOMAIN}.{info}"),
        NatsService(f"$JS.API.{following}", f"{_IN_DOMAIN}.{following}"),
        NatsService(f"$JS.ACK.{subjects.EVENTS}.{durable}.>"),
    )


SERVICES = (
    NEXT_CHECK._replace(local_subject=None),
    *LOCATION_SERVICES[1:],
    NatsService(f"$JS.API.{_INFO}*", f"{_IN_DOMAIN}.{_INFO}$1"),
    NatsService(f"$JS.API.{_NEXT_EVENT}*", f"{_IN_DOMAIN}.{_NEXT_EVENT}$1"),
    NatsService(f"$JS.ACK.{subjects.EVENTS}.>"),
)
"""What the controllers' account exports. The shared account imports all of it."""

STREAMS = (subjects.ALL_EVENTS,)
"""The other exports: subjects to subscribe to. The shared account imports them whole, a subscriber's a part of them."""


def _rights(*, publish: list[str], subscribe: list[str]) -> dict[str, Any]:
    return {"pub": {"allow": publish}, "sub": {"allow": subscribe}}
