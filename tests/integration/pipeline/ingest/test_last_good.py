"""The newest dialogue of a check that passed is kept for each monitor and location, as it is ingested."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from controller.store.checks.results import store_results
from shared.clock import utc_now
from shared.wire.failures import CheckWarning, FailureSource, WarningKind
from shared.wire.messages import CheckResult, Speaker, TranscriptLine
from tests.integration.pipeline.small_installation import SmallInstallation, a_result

SLOW = [CheckWarning(kind=WarningKind.SLOW)]


def shown(
    monitor: UUID,
    due_at: datetime,
    text: str,
    country: str = "DE",
    *,
    warnings: list[CheckWarning] | None = None,
    source: FailureSource | None = None,
) -> CheckResult:
    """A result with a dialogue of one line."""
    lines = [TranscriptLine(at_ms=1.5, speaker=Speaker.SERVER, text=text)] if text else []
    result = a_result(monitor, country, due_at=due_at, source=source)
    return msgspec.structs.replace(result, transcript=lines, warnings=warnings or [])


async def kept(installation: SmallInstallation) -> dict[str, str]:
    """What the first line of each location's last good dialogue says."""
    rows = await installation.rows(
        "SELECT code, transcript -> 0 ->> 'text' FROM last_good JOIN location ON location.id = location_id"
    )
    return {str(code): str(text) for code, text in rows}


async def test_the_newest_dialogue_of_a_passing_check_is_kept_for_each_location(
    small_installation: SmallInstallation,
) -> None:
    monitor, now = await small_installation.monitor(), utc_now()
    await store_results(
        small_installation.db,
        [shown(monitor, now - timedelta(seconds=20), "220 older"), shown(monitor, now, "220 here", "US")],
    )
    batch = [shown(monitor, now - timedelta(seconds=10), "220 newer"), shown(monitor, now, "220 newest")]
    await store_results(small_installation.db, batch)
    assert await kept(small_installation) == {"de": "220 newest", "us": "220 here"}
    [(address, phases, facts)] = await small_installation.rows(
        "SELECT address, phases::text, facts::text FROM last_good JOIN location ON location.id = location_id"
        " WHERE code = 'de'"
    )
    assert (address, phases) == (batch[1].address, msgspec.json.encode(batch[1].phases).decode())
    assert facts == (msgspec.json.encode(batch[1].facts).decode() if batch[1].facts else None)


async def test_an_older_a_failed_and_a_silent_check_replace_nothing(small_installation: SmallInstallation) -> None:
    monitor, now = await small_installation.monitor(), utc_now()
    await store_results(small_installation.db, [shown(monitor, now, "220 good")])
    for seconds, later in enumerate(
        (
            shown(monitor, now - timedelta(seconds=60), "220 older"),
            shown(monitor, now + timedelta(milliseconds=1), "554 no", source=FailureSource.TARGET),
            shown(monitor, now + timedelta(milliseconds=2), "554 blind", source=FailureSource.AGENT),
            shown(monitor, now + timedelta(milliseconds=3), ""),
        )
    ):
        [stored] = await store_results(small_installation.db, [later])
        assert stored is not None, seconds
        assert stored.new, seconds
    assert await kept(small_installation) == {"de": "220 good"}


async def test_dialogues_with_warnings_replace_one_that_is_an_hour_older(
    small_installation: SmallInstallation,
) -> None:
    monitor, now = await small_installation.monitor(), utc_now()
    for minutes, expected in ((120, 120), (90, 120), (59, 59), (0, 59)):
        result = shown(monitor, now - timedelta(minutes=minutes), f"220 before {minutes} min", warnings=SLOW)
        await store_results(small_installation.db, [result])
        assert await kept(small_installation) == {"de": f"220 before {expected} min"}
    await store_results(small_installation.db, [shown(monitor, now + timedelta(milliseconds=1), "220 clean")])
    assert await kept(small_installation) == {"de": "220 clean"}


async def test_it_goes_with_its_monitor(small_installation: SmallInstallation) -> None:
    monitor = await small_installation.monitor()
    await store_results(small_installation.db, [shown(monitor, utc_now(), "220 good")])
    await small_installation.value("DELETE FROM monitor WHERE public_id = $1", monitor)
    assert await kept(small_installation) == {}
