"""A location whose network strips STARTTLS everywhere is our problem, and no verdict about anybody's server."""

from __future__ import annotations

from uuid import UUID

from controller.pipeline.ops.network_watch import NetworkWatch
from tests.integration.pipeline.comparison.comparison_case import ComparisonCase

_ADDRESSES = ("198.51.100.25", "203.0.113.25")


async def _stripped_at_two_servers(comparison: ComparisonCase, letters: str = "omo") -> list[UUID]:
    monitors = [await comparison.monitor(host) for host in ("mail.example.org", "mx.example.net")]
    for _ in range(3):
        for monitor, address in zip(monitors, _ADDRESSES, strict=True):
            await comparison.rounds(monitor, letters, address=address)
    for monitor, address in zip(monitors, _ADDRESSES, strict=True):
        await comparison.recheck(monitor, letters, address=address)
    return monitors


async def test_it_is_a_probe_problem_and_not_in_the_feed(comparison: ComparisonCase) -> None:
    await _stripped_at_two_servers(comparison)
    assert await comparison.feed() == []
    assert await comparison.suspicions() == [("fr", "downgrade_suspected", True, False)] * 2
    kinds = await comparison.case.installation.rows("SELECT kind FROM probe_problem")
    assert kinds == [("starttls_missing",)] * 2


async def test_it_changes_no_verdict(comparison: ComparisonCase) -> None:
    monitors = await _stripped_at_two_servers(comparison)
    assert await comparison.evaluated(monitors[0], "omo") == "up"


async def test_the_operators_are_notified_once(comparison: ComparisonCase) -> None:
    await _stripped_at_two_servers(comparison)
    watch = NetworkWatch(comparison.db)
    await watch.review()
    await watch.review()
    notices = await comparison.case.installation.rows("SELECT kind, subject FROM ops_notice")
    assert notices == [("starttls_stripped", "fr")]


async def test_a_check_that_needs_starttls_is_blind_there(comparison: ComparisonCase) -> None:
    await _stripped_at_two_servers(comparison)
    await NetworkWatch(comparison.db).review()
    third = await comparison.monitor("mail.example.com")
    assert await comparison.evaluated(third, "ono") == "up"
    assert "FR could not check" in await comparison.case.reason(third)


async def test_a_finding_that_was_said_is_withdrawn(comparison: ComparisonCase) -> None:
    first = await comparison.monitor("mail.example.org")
    await comparison.confirm(first, "omo")
    second = await comparison.monitor("mx.example.net")
    await comparison.confirm(second, "omo", address=_ADDRESSES[1])
    await NetworkWatch(comparison.db).review()
    await comparison.compare()
    assert await comparison.feed() == [("began", "downgrade_suspected", "FR"), ("ended", "downgrade_suspected", "FR")]


async def test_one_server_that_the_location_is_offered_starttls_by_outweighs_one_that_it_is_not(
    comparison: ComparisonCase,
) -> None:
    good = await comparison.monitor("mx.example.net")
    await comparison.rounds(good, "ooo", address=_ADDRESSES[1])
    bad = await comparison.monitor("mail.example.org")
    await comparison.confirm(bad, "omo")
    await NetworkWatch(comparison.db).review()
    assert await comparison.suspicions() == [("fr", "downgrade_suspected", True, True)]
    assert await comparison.case.installation.value("SELECT count(*) FROM intercepted_location") == 0
