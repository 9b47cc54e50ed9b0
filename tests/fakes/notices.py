"""Example notices and sendings for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from controller.model.values.public_url import PublicUrl
from controller.notify.message import render
from controller.notify.notice import IncidentNotice, LocationFinding, Notice, NoticeCustomer, NoticeMonitor
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
