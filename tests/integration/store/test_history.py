from __future__ import annotations

from datetime import datetime, timedelta

from controller.store.checks.history import check_history
from controller.store.platform.partitions import make_partitions
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose, check_id
from tests.integration.store.conftest import Store


async def put(store: Store, monitor: int, due: datetime, location: str, failure: Failure | None = None) -> None:
    await store.value(
        "INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, failure,"
        " phases) SELECT $1, $2, id, 'scheduled', $4, 5, $2, 'a', $5, '[]' FROM location WHERE code = $3",
        monitor,
        due,
        location,
        "failure" if failure else "success",
        failure,
    )


async def test_the_latest_results_of_one_monitor_newest_first_over_midnight_and_locations(store: Store) -> None:
    today = utc_now()
    await make_partitions(store.database, (today - timedelta(days=2)).date(), today.date())
    for code, country in (("de", "DE"), ("us", "US")):
        await store.value(
            "INSERT INTO location (code, name, country_code, public_key) VALUES ($1, $1, $2, 'k')", code, country
        )
    monitor, other = await store.monitor(), await store.monitor()
    days = [today - timedelta(days=ago) for ago in (2, 1, 0)]
    for due in days:
        for code in ("de", "us"):
            await put(store, monitor.id, due, code)
            await put(store, other.id, due, code)
    refused = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail="x")
    latest = days[-1] + timedelta(seconds=1)
    await put(store, monitor.id, latest, "us", refused)

    found = await check_history(store.database, monitor.id, monitor.public_id, limit=4)
    assert [(check.due_at, check.location_code) for check in found] == [
        (latest, "us"),
        (days[2], "us"),
        (days[2], "de"),
        (days[1], "us"),
    ]
    assert (found[0].status, found[0].failure) == (ResultStatus.FAILURE, refused)
    assert found[0].check_id == check_id(monitor.public_id, to_ms(latest), "us", Purpose.SCHEDULED)
    assert (found[1].failure, found[1].warnings, found[1].facts) == (None, [], {})
    assert len(await check_history(store.database, monitor.id, monitor.public_id, limit=200)) == 7
