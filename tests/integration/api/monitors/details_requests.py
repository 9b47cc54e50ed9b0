"""Monitors, results and requests for the tests of a monitor's details."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.epoch import to_ms
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, check_id
from tests.integration.api.conftest import CUSTOMER, Api

DOWN = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="refused")
BLIND = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT)
HOUR = timedelta(hours=1)
GROUPS = pytest.mark.parametrize(
    ("path", "number", "timing"),
    [
        pytest.param("/api/smtp-monitors", "smtpMonitorId", "timingSmtp", id="smtp"),
        pytest.param("/api/imap-pop-monitors", "imapPopMonitorId", "timingImapPop", id="imap-pop"),
    ],
)


async def create_monitor(api: Api, path: str, **fields: Any) -> dict[str, Any]:
    body = {"customerId": CUSTOMER, "name": "M", "hostname": "mail.example.com", "checkInterval": 60, **fields}
    answer = await api.client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def details(api: Api, path: str, made: dict[str, Any], **query: str) -> dict[str, Any]:
    answer = await api.client.get(f"{path}/{made['publicId']}/details", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def result(made: dict[str, Any], due: datetime, location: str = "de-nbg", **fields: Any) -> CheckResult:
    monitor = UUID(made["publicId"])
    values: dict[str, Any] = {"purpose": Purpose.SCHEDULED, "duration_ms": 12.5, **fields}
    return CheckResult(
        check_id=check_id(monitor, to_ms(due), location, values["purpose"]),
        monitor_id=monitor,
        location=location,
        country=location[:2].upper(),
        agent="a",
        due_at=due,
        started_at=due,
        **values,
    )


def text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
