"""Example notices and sendings for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from controller.model.values.public_url import PublicUrl
from controller.notify.message import render
from controller.notify.notice import (
    GroupMember,
    GroupNotice,
    IncidentNotice,
    LocationFinding,
    Notice,
    NoticeCustomer,
    NoticeMonitor,
    PhaseFinding,
)
from controller.notify.sending import Sending
from controller.store.notifications.claims import Claimed

BEGAN = datetime(2026, 3, 1, 11, 0, 0, tzinfo=UTC)


def a_notice(change: str = "opened", **fields: Any) -> IncidentNotice:
    notice = IncidentNotice(
        change=change,
        severity="down",
        reason="2 of 3 countries cannot connect: refused; US passes",
        at=BEGAN + timedelta(seconds=30),
        incident_id=7,
        incident_public_id=UUID(int=7),
        outage_started_at=BEGAN,
        started_at=BEGAN + timedelta(seconds=30),
        resolved_at=BEGAN + timedelta(minutes=65) if change == "resolved" else None,
        monitor=NoticeMonitor(
            id=12, public_id=UUID(int=12), name="Office mail", kind="smtp", hostname="mx.example.com", port=25
        ),
        customer=NoticeCustomer(id=3, public_id=UUID(int=3), name="Bäckerei"),
        organization="Acme",
        time_zone="Europe/Berlin",
        evidence=[
            LocationFinding(location="de-1", country="DE", finding="refused (connect): Connection refused"),
            LocationFinding(location="us-1", country="US", finding="passes"),
        ],
    )
    return msgspec.structs.replace(notice, **fields)


_PASSING = (("resolve", 3.2), ("connect", 21.4), ("greeting", 34.0), ("ehlo", 18.9), ("starttls", 20.1), ("tls", 48.7))


def a_finding(location: str, failure: str = "", finding: str = "passes", slow: float = 1) -> LocationFinding:
    phases = [PhaseFinding(phase=phase, duration_ms=ms * slow) for phase, ms in _PASSING]
    if failure == "refused":
        phases = [*phases[:1], PhaseFinding(phase="connect", duration_ms=21.9 * slow, failed=True)]
    elif failure == "timeout":
        phases = [*phases[:2], PhaseFinding(phase="greeting", duration_ms=9_972.1, failed=True)]
    return LocationFinding(
        location=location,
        country=location[:2].upper(),
        finding=finding,
        failure=failure,
        ballot="failed" if failure else "passed",
        total_ms=sum(phase.duration_ms for phase in phases),
        phases=phases,
    )


_REFUSED = "refused (connect): Connection refused"
_SILENT = "timeout (greeting): the server did not say anything within the timeout of the check"
FAILING = [
    a_finding("de-nbg", "refused", _REFUSED),
    a_finding("us-ash", "refused", _REFUSED, slow=5),
    a_finding("jp-tyo", "timeout", _SILENT, slow=9),
]


_TOWNS = ("Paris", "Lyon", "Nice", "Lille", "Nantes", "Bordeaux")


def members(number: int, change: str = "opened", cause: str = "mx.example.com (192.0.2.1)") -> list[GroupMember]:
    return [
        GroupMember(
            incident_public_id=UUID(int=100 + index),
            monitor=NoticeMonitor(
                id=index,
                public_id=UUID(int=index),
                name=f"Mail of {_TOWNS[index % 6]} {index + 1}",
                kind="imap" if index % 3 else "smtp",
                hostname="mx.example.com",
                port=993 if index % 3 else 25,
            ),
            customer=f"Hôtel {_TOWNS[index % 6]}",
            change=change,
            severity="partial" if index == 2 else "down",
            reason="3 of 3 countries cannot connect: refused",
            cause=cause,
            outage_started_at=BEGAN + timedelta(seconds=7 * index),
            resolved_at=BEGAN + timedelta(minutes=31) if change == "resolved" else None,
        )
        for index in range(number)
    ]


def a_group_notice(number: int = 38, named: list[GroupMember] | None = None, **fields: Any) -> GroupNotice:
    given: dict[str, Any] = {
        "group_public_id": UUID(int=9),
        "kind": "cause",
        "cause": "mx.example.com (192.0.2.1)",
        "at": BEGAN + timedelta(minutes=32),
        "opened_at": BEGAN,
        "number": number,
        "members": members(2) if named is None else named,
        "causes": [("mx.example.com (192.0.2.1)", number)],
        "still_open": number + 1,
        "organization": "Acme",
        "time_zone": "Europe/Berlin",
    }
    return GroupNotice(**(given | fields))


def a_sending(config: dict[str, Any] | None = None, *, notice: Notice | None = None, **fields: Any) -> Sending:
    notice = notice or a_notice()
    sending = Sending(
        key=uuid4(),
        receiver="ops@example.com",
        config=config or {},
        notice=notice,
        message=render(notice, PublicUrl()),
        attempt=1,
        at=BEGAN + timedelta(seconds=31),
    )
    return msgspec.structs.replace(sending, **fields)


def a_claim(type_: str, **fields: Any) -> Claimed:
    claimed = Claimed(
        id=1,
        key=uuid4(),
        organization_id=1,
        customer_id=None,
        incident_id=7,
        channel_id=2,
        channel_name="Channel",
        type=type_,
        receiver="Channel",
        notice={},
        attempts=1,
        due_from=BEGAN,
        delayed=False,
        channel_config={},
        channel_active=True,
        previous_keys=[],
        over=False,
        thread=str(UUID(int=7)),
        from_here=False,
        lane="channel 2",
        failures=0,
    )
    return msgspec.structs.replace(claimed, **fields)
