"""Every NATS subject, stream and consumer name. `country` and `location` are lower-cased, `[a-z0-9-]+`."""

from __future__ import annotations

import re
import secrets
from functools import lru_cache
from uuid import UUID

CHECKS = "CHECKS"
RESULTS = "RESULTS"
EVENTS = "EVENTS"

INGEST = "ingest"
"""The durable consumer of RESULTS that all controllers share."""

INGEST_BATCHES = "ingest-batches"
"""The one of messages with several results. Controllers of earlier versions do not know it, and leave these alone."""

ALL_CHECKS = "mailprobe.check.>"
ALL_RESULTS = "mailprobe.result.>"
ALL_EVENTS = "mailprobe.event.>"
ALL_AGENTS = "mailprobe.agent.>"

WRITE_TESTS = {
    CHECKS: "mailprobe.check.write-test",
    RESULTS: "mailprobe.result.write-test",
    EVENTS: "mailprobe.event.write-test",
}
"""In each stream, the subject of messages by which controllers test that it stores any. No consumer reads them."""

EVERY_RESULT = "mailprobe.result.*.*"
EVERY_RESULT_BATCH = "mailprobe.result.*.*.batch"
EVERY_EVENT = "mailprobe.event.*.*.*.*"
EVERY_RESULT_EVENT = "mailprobe.event.*.*.*.result"

DOMAIN = "mailprobe"
"""The JetStream domain by which subscribers query their consumer and fetch from it."""

_BATCH = ".batch"
_DOTS_OF_A_BATCH = EVERY_RESULT_BATCH.count(".")
_SUBSCRIBER = "sub-"
INBOXES = "_INBOX."
"""The prefix of every inbox."""

LOCATION_PREFIX = "at-"
"""The prefix of the owner of a location's inbox. Other owners are public keys (U…) and subscribers' consumers."""

CROSS_ACCOUNT_PREFIX = "_R_."
"""The prefix that the server gives to an inbox whose owner sends a request from another account."""

_TOKEN = re.compile(r"[a-z0-9-]+\Z")


@lru_cache(maxsize=4096)  # the same few names are in every result
def token(name: str) -> str:
    """A name as one subject token. Raises ValueError if it cannot be one."""
    lower = name.lower()
    if not _TOKEN.match(lower):
        raise ValueError(f"{name!r} must consist of letters, digits and hyphens")
    return lower


def check(country: str, location: str, kind: str) -> str:
    return f"mailprobe.check.{token(country)}.{token(location)}.{token(kind)}"


def location_of_check(subject: str | None) -> str | None:
    """The location in the subject of a check, or None."""
    parts = (subject or "").split(".")
    return parts[3] if parts[:2] == ["mailprobe", "check"] and len(parts) == 5 else None


def check_consumer(location: str, kind: str) -> str:
    """The durable consumer of CHECKS that a location's agents share for one kind."""
    return f"{token(location)}-{token(kind)}"


def result(country: str, location: str) -> str:
    return f"mailprobe.result.{token(country)}.{token(location)}"


def batch_of(result_subject: str) -> str:
    """The subject of messages with several results (shared.wire.batches), from that of single ones. The stream RESULTS
    of every version stores it.
    """
    return f"{result_subject}{_BATCH}"


def is_result_batch(subject: str) -> bool:
    """Whether it is the subject of messages with several results. A location, too, may be called `batch`."""
    return subject.endswith(_BATCH) and subject.count(".") == _DOTS_OF_A_BATCH


def of_each_result(subject: str) -> str:
    """The subject of a result that is sent by itself, from that of the message that holds it."""
    return subject.removesuffix(_BATCH) if is_result_batch(subject) else subject


def agent(country: str, location: str, agent_name: str) -> str:
    return f"mailprobe.agent.{token(country)}.{token(location)}.{token(agent_name)}"


NOBODY = "none"
"""In the subject of an event, in place of the customer or the monitor that it does not have."""


def event(organization: UUID, customer: UUID | None, monitor: UUID | None, event_type: str) -> str:
    return f"mailprobe.event.{organization}.{customer or NOBODY}.{monitor or NOBODY}.{token(event_type)}"


def events_of(organization: UUID, customer: UUID | None = None) -> str:
    """The pattern of all events of an organization, or of one of its customers."""
    return f"mailprobe.event.{organization}.{customer or '*'}.>"


def new_subscriber() -> str:
    """A new name for a subscriber's consumer of EVENTS and for its inbox."""
    return f"{_SUBSCRIBER}{secrets.token_hex(6)}"


def is_subscriber(consumer: str) -> bool:
    """Whether a consumer of EVENTS belongs to a subscriber."""
    return consumer.startswith(_SUBSCRIBER)


def inbox(owner: str) -> str:
    """The inbox of one client; `owner` is its public key, or a subscriber's consumer."""
    return f"{INBOXES}{owner}"


def inbox_at(location: str) -> str:
    """The inbox of the agents of a location, whichever of its keys they have."""
    return inbox(f"{LOCATION_PREFIX}{token(location)}")


def event_pattern(organization: str, customer: str, monitor: str, event_type: str) -> str:
    """The pattern of the events of one or, with `*`, any customer, monitor or type."""
    return f"mailprobe.event.{organization}.{customer}.{monitor}.{event_type}"


def parts_of_event(subject: str) -> tuple[str, str, str, str]:
    """Organization, customer, monitor and type of an event. Raises ValueError for another subject."""
    first, second, *parts = subject.split(".")
    if (first, second) != ("mailprobe", "event") or len(parts) != 4:
        raise ValueError(f"not the subject of an event: {subject!r}")
    organization, customer, monitor, event_type = parts
    return organization, customer, monitor, event_type
