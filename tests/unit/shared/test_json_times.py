"""Times in the JSON that programs outside read have exactly three digits behind the second."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import msgspec
import pytest

from shared.wire.events import Evidence, IncidentEvent, VerdictEvent
from shared.wire.json_times import encode
from shared.wire.messages import CheckResult, Event, EventType, ResultStatus
from shared.wire.rounds import Purpose

NUMBER = UUID(int=1)
WHOLE = datetime(2026, 3, 1, 14, 5, tzinfo=UTC)
SPLIT = datetime(2026, 3, 1, 16, 5, 0, 203_999, tzinfo=timezone(timedelta(hours=2)))
EVIDENCE = Evidence(due_at=WHOLE, purpose=Purpose.RECHECK, votes=[])
OWNER: dict[str, Any] = {"event_id": NUMBER, "organization_id": NUMBER, "customer_id": NUMBER, "monitor_id": NUMBER}
RESULT = CheckResult(
    check_id=NUMBER,
    monitor_id=NUMBER,
    location="de",
    country="DE",
    agent="de-1",
    purpose=Purpose.SCHEDULED,
    due_at=WHOLE,
    started_at=SPLIT,
    duration_ms=1.5,
)
MESSAGES: list[msgspec.Struct] = [
    RESULT,
    Event(**OWNER, type=EventType.RESULT, occurred_at=SPLIT, status=ResultStatus.SUCCESS, result=RESULT),
    VerdictEvent(
        **OWNER, type=EventType.VERDICT, occurred_at=SPLIT, verdict="up", previous="down", reason="", evidence=EVIDENCE
    ),
    IncidentEvent(
        **OWNER,
        type=EventType.INCIDENT,
        occurred_at=SPLIT,
        incident_id=NUMBER,
        change="opened",
        severity="down",
        reason="",
        outage_started_at=WHOLE,
        started_at=SPLIT,
        evidence=EVIDENCE,
    ),
]


def named(message: msgspec.Struct) -> str:
    return type(message).__name__


@pytest.mark.parametrize("message", MESSAGES, ids=named)
def test_every_time_is_written_with_milliseconds(message: msgspec.Struct) -> None:
    written = encode(message).decode()
    times = re.findall(r'"(2026-[^"]*)"', written)
    assert set(times) == {"2026-03-01T14:05:00.000Z", "2026-03-01T14:05:00.203Z"}
    assert len(times) == msgspec.json.encode(message).count(b'"2026-')


@pytest.mark.parametrize("message", MESSAGES, ids=named)
def test_nothing_else_is_changed(message: msgspec.Struct) -> None:
    read = msgspec.json.decode(encode(message), type=type(message))
    assert encode(read) == encode(message)
    assert json.loads(encode(message)).keys() == json.loads(msgspec.json.encode(message)).keys()


@pytest.mark.parametrize("message", MESSAGES, ids=named)
def test_no_message_has_a_time_where_it_would_not_be_reached(message: msgspec.Struct) -> None:
    _, components = msgspec.json.schema_components([type(message)], ref_template="{name}")
    assert not [schema for schema in _items(components) if schema.get("format") == "date-time"]


def _items(components: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schemas of what is in lists and maps."""
    for component in components.values():
        for field in component.get("properties", {}).values():
            for kept in (field, *field.get("anyOf", ())):
                for inside in (kept.get("items"), kept.get("additionalProperties")):
                    if isinstance(inside, dict):
                        name = inside.get("$ref")
                        yield inside
                        yield from components[name].get("properties", {}).values() if name else ()


def test_without_evidence_there_is_none() -> None:
    event = msgspec.structs.replace(MESSAGES[2], evidence=None)
    assert json.loads(encode(event))["evidence"] is None
