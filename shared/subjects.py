"""Every NATS subject, stream and consumer name. `country` and `location` are lower-cased, `[a-z0-9-]+`."""

from __future__ import annotations

import re
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
