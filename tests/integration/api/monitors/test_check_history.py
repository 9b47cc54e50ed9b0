"""Stored results in the check history of a monitor."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from controller.store.checks.results import store_results
from controller.store.platform.partitions import make_partitions
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult, PhaseTiming, Speaker, TranscriptLine
from shared.wire.rounds import Purpose, check_id
from tests.integration.api import mailboxes
from tests.integration.api.conftest import Api


@pytest.fixture
async def location_id(api: Api) -> AsyncIterator[int]:
    location: int = await api.value(
        "INSERT INTO location (code, name, country_code, public_key) VALUES ('de-nbg', 'Nuremberg (DE)', 'DE', 'k')"
        " RETURNING id"
    )
    yield location
    await api.value("DELETE FROM location")


def result(monitor: str, due: datetime, **fields: Any) -> CheckResult:
    public_id = UUID(monitor)
    values: dict[str, Any] = {"purpose": Purpose.SCHEDULED, "duration_ms": 12.3, **fields}
    return CheckResult(
        check_id=check_id(public_id, to_ms(due), "de-nbg", values["purpose"]),
        monitor_id=public_id,
        location="de-nbg",
        country="DE",
        agent="a",
        due_at=due,
        started_at=due + timedelta(milliseconds=5),
        **values,
    )


async def test_an_item_has_the_documented_keys_and_ours(api: Api, location_id: int) -> None:
    await make_partitions(api.database, (utc_now() - timedelta(days=1)).date(), utc_now().date())
    made = await api.create()
    path = f"/api/smtp-monitors/{made['publicId']}"
    empty = await api.client.get(f"{path}/check-history")
    assert (empty.status_code, empty.json()) == (200, {"data": []})

    due = utc_now() - timedelta(seconds=3)
    passed = result(
        made["publicId"],
        due,
        phases=[
            PhaseTiming(phase=Phase.CONNECT, start_ms=0, duration_ms=1.25),
            PhaseTiming(phase=Phase.EHLO, start_ms=2, duration_ms=1.5),
            PhaseTiming(phase=Phase.EHLO, start_ms=4, duration_ms=2.5),
        ],
        warnings=[CheckWarning(kind=WarningKind.TLS_WEAK, detail="TLS 1.0")],
        address="192.0.2.25",
        facts={"tlsVersion": "TLSv1"},
        transcript=[TranscriptLine(at_ms=1.5, speaker=Speaker.SERVER, text='220 "\u00fc"')],
        loop_lag_ms=0.25,
        kernel_rtt_ms=1.125,
    )
    refused = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="refused")
    blind = Failure(kind=FailureKind.AGENT_ERROR, source=FailureSource.AGENT)
    failed = result(
        made["publicId"],
        due + timedelta(seconds=1),
        failure=refused,
        purpose=Purpose.TRIGGERED,
        login_withheld=True,
    )
    unknown = result(made["publicId"], due + timedelta(seconds=2), failure=blind)
    await store_results(api.database, [passed, failed, unknown])

    newest, middle, oldest = (await api.client.get(f"{path}/check-history")).json()["data"]
    assert oldest == {
        "id": str(passed.check_id),
        "status": "success",
        "errorMessage": None,
        "warningMessage": "TLS 1.0",
        "timingSmtp": 12,
        "diagnostics": {"address": "192.0.2.25", "tlsVersion": "TLSv1"},
        "checkedAt": _text(passed.started_at + timedelta(milliseconds=12)),
        "locationId": location_id,
        "locationName": "Nuremberg (DE)",
        "locationCode": "de-nbg",
        "countryCode": "DE",
        "timings": {"connect": 1.25, "ehlo": 4.0},
        "failure": None,
        "warnings": [{"kind": "tls_weak", "detail": "TLS 1.0"}],
        "scheduledAt": _text(due),
        "purpose": "scheduled",
        "transcript": [{"atMs": 1.5, "speaker": "server", "text": '220 "\u00fc"'}],
        "loopLagMs": 0.25,
        "kernelRttMs": 1.125,
        "loginWithheld": False,
    }
    assert (middle["status"], middle["purpose"], middle["errorMessage"]) == ("failure", "triggered", "refused")
    assert middle["failure"] == {"kind": "refused", "source": "target", "phase": "connect", "detail": "refused"}
    assert (newest["status"], newest["errorMessage"]) == ("unknown", "agent_error")
    assert (middle["loginWithheld"], middle["kernelRttMs"]) == (True, None)
    assert "transcript" not in middle

    limited = (await api.client.get(f"{path}/check-history", params={"limit": 1})).json()["data"]
    assert [item["id"] for item in limited] == [str(unknown.check_id)]

    read = (await api.client.get(path)).json()
    assert read["lastCheckedAt"] == middle["checkedAt"], "the latest check that was not blind"


async def test_an_item_of_a_mailbox_has_its_own_key_for_the_duration(api: Api, location_id: int) -> None:
    made = await mailboxes.create(api, imapPopConfig={"protocol": "pop3"})
    await make_partitions(api.database, (utc_now() - timedelta(days=1)).date(), utc_now().date())
    await store_results(api.database, [result(made["publicId"], utc_now())])
    [item] = (await api.client.get(f"{mailboxes.PATH}/{made['publicId']}/check-history")).json()["data"]
    assert item["timingImapPop"] == 12
    assert "timingSmtp" not in item


async def test_a_result_from_before_the_newer_columns_is_still_shown(api: Api, location_id: int) -> None:
    made = await api.create()
    await make_partitions(api.database, (utc_now() - timedelta(days=1)).date(), utc_now().date())
    await store_results(api.database, [result(made["publicId"], utc_now())])
    await api.value(
        "UPDATE result SET transcript = NULL, loop_lag_ms = NULL, kernel_rtt_ms = NULL WHERE monitor_id = $1",
        made["id"],
    )
    [item] = (await api.client.get(f"/api/smtp-monitors/{made['publicId']}/check-history")).json()["data"]
    assert (item["loopLagMs"], item["kernelRttMs"], item["loginWithheld"]) == (None, None, False)


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
