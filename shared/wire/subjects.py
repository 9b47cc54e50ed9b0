"""Every NATS subject, stream and consumer name. `country` and `location` are lower-cased, `[a-z0-9-]+`."""

from __future__ import annotations

import re
import secrets
from uuid import UUID

CHECKS = "CHECKS"
RESULTS = "RESULTS"
EVENTS = "EVENTS"

INGEST = "ingest"
"""The durable consumer of RESULTS that all controllers share."""

ALL_CHECKS = "mailprobe.check.>"
ALL_RESULTS = "mailprobe.result.>"
ALL_EVENTS = "mailprobe.event.>"
ALL_AGENTS = "mailprobe.agent.>"

DOMAIN = "mailprobe"
"""The JetStream domain by which subscribers ask about their consumer and fetch from it."""

_SUBSCRIBER = "sub-"
INBOXES = "_INBOX."
"""What every inbox begins with."""

AT = "at-"
"""Begins the owner of a location's inbox: a public key begins with U, a subscriber's consumer otherwise."""

CROSSED = "_R_."
"""What the server makes of an inbox whose owner asks from another account."""

_TOKEN = re.compile(r"[a-z0-9-]+\Z")


def token(name: str) -> str:
    """A name as one subject token; raises ValueError when it cannot be one."""
    lower = name.lower()
    if not _TOKEN.match(lower):
        raise ValueError(f"{name!r} may hold only letters, digits and hyphens")
    return lower


def check(country: str, location: str, kind: str) -> str:
    return f"mailprobe.check.{token(country)}.{token(location)}.{token(kind)}"


def check_consumer(location: str, kind: str) -> str:
    """The durable consumer of CHECKS that a location's agents share for one kind."""
    return f"{token(location)}-{token(kind)}"


def result(country: str, location: str) -> str:
    return f"mailprobe.result.{token(country)}.{token(location)}"


def agent(country: str, location: str, agent_name: str) -> str:
    return f"mailprobe.agent.{token(country)}.{token(location)}.{token(agent_name)}"


def event(organization: UUID, customer: UUID, monitor: UUID, event_type: str) -> str:
    return f"mailprobe.event.{organization}.{customer}.{monitor}.{token(event_type)}"


def events_of(organization: UUID, customer: UUID | None = None) -> str:
    """Every event of an organization, or of one of its customers."""
    return f"mailprobe.event.{organization}.{customer or '*'}.>"


def new_subscriber() -> str:
    """A name for a subscriber's consumer of EVENTS, which also names its inbox."""
    return f"{_SUBSCRIBER}{secrets.token_hex(6)}"


def is_subscriber(consumer: str) -> bool:
    """Whether a consumer of EVENTS was made for a subscriber."""
    return consumer.startswith(_SUBSCRIBER)


def inbox(owner: str) -> str:
    """Where the broker answers one client: its public key, or a subscriber's consumer."""
    return f"{INBOXES}{owner}"


def inbox_at(location: str) -> str:
    """Where the broker answers the agents of a location, whichever of its keys they have."""
    return inbox(f"{AT}{token(location)}")


def event_pattern(organization: str, customer: str, monitor: str, event_type: str) -> str:
    """The events of one or, with `*`, any customer, monitor or type."""
    return f"mailprobe.event.{organization}.{customer}.{monitor}.{event_type}"


def parts_of_event(subject: str) -> tuple[str, str, str, str]:
    """Organization, customer, monitor and type. Raises ValueError for another subject."""
    first, second, *parts = subject.split(".")
    if (first, second) != ("mailprobe", "event") or len(parts) != 4:
        raise ValueError(f"not the subject of an event: {subject!r}")
    organization, customer, monitor, event_type = parts
    return organization, customer, monitor, event_type
