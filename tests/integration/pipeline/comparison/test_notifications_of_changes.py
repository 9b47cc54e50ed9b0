"""A channel that subscribes to changes gets them, and no other channel does."""

from __future__ import annotations

from typing import Any

from controller.model.packages import PackageSettings
from controller.store.accounts import packages
from controller.store.maintenance import by_status
from controller.store.notifications import channels
from controller.store.notifications.channels import NewChannel
from shared.clock import utc_now
from tests.integration.pipeline.comparison.comparison_case import ComparisonCase


async def _channel(comparison: ComparisonCase, name: str, *fact_changes: str) -> None:
    organization = await comparison.case.installation.value("SELECT id FROM organization")
    made = await channels.insert(
        comparison.db,
        NewChannel(
            organization_id=organization,
            type="email",
            name=name,
            config={"to": [f"{name}@example.com"]},
            fact_changes=list(fact_changes),
        ),
    )
    assert made


async def _notices(comparison: ComparisonCase) -> list[tuple[str, dict[str, Any]]]:
    return await comparison.case.installation.rows(
        "SELECT receiver, notice FROM delivery WHERE incident_id IS NULL ORDER BY id"
    )


async def test_a_changed_certificate_reaches_those_who_subscribe_to_it(comparison: ComparisonCase) -> None:
    await _channel(comparison, "certificates", "certificate_changed")
    await _channel(comparison, "starttls", "starttls_vanished")
    await _channel(comparison, "incidents")
    monitor = await comparison.monitor()
    await comparison.rounds(monitor, "aaa")
    await comparison.rounds(monitor, "bbb", 3)
    [(receiver, notice)] = await _notices(comparison)
    assert receiver == "certificates@example.com"
    assert notice["title"] == "M: the certificate changed in DE, FR, US"
    assert "changed from CN=mail.example.org" in notice["paragraphs"][0]
    assert notice["path"] == f"/changes?monitor={monitor}"


async def test_starttls_that_vanished_in_one_country_reaches_those_who_subscribe_to_it(
    comparison: ComparisonCase,
) -> None:
    await _channel(comparison, "starttls", "starttls_vanished")
    monitor = await comparison.monitor()
    await comparison.confirm(monitor, "omo")
    [(_, notice)] = await _notices(comparison)
    assert notice["title"] == "M: STARTTLS vanished in FR, and other countries are still offered it"


async def test_a_kind_of_channel_that_the_package_lacks_is_not_used(comparison: ComparisonCase) -> None:
    await _channel(comparison, "starttls", "starttls_vanished")
    organization = await comparison.case.installation.value("SELECT id FROM organization")
    async with comparison.db.transaction() as connection:
        await packages.put(connection, organization, "basic", PackageSettings(enable_email_alerts=False))
        await connection.execute("UPDATE customer SET package_type = 'basic'")
    await comparison.confirm(await comparison.monitor(), "omo")
    assert await comparison.feed() == [("began", "downgrade_suspected", "FR")]
    assert await _notices(comparison) == []


async def test_nobody_is_notified_during_maintenance(comparison: ComparisonCase) -> None:
    await _channel(comparison, "starttls", "starttls_vanished")
    monitor = await comparison.monitor()
    async with comparison.case.db.transaction() as connection:
        await by_status.keep(connection, {await comparison.case.number(monitor): True}, utc_now())
    await comparison.confirm(monitor, "omo")
    assert await comparison.feed() == [("began", "downgrade_suspected", "FR")]
    assert await _notices(comparison) == []


async def test_nobody_is_notified_of_our_own_fault(comparison: ComparisonCase) -> None:
    await _channel(comparison, "all", "starttls_vanished", "other_fact_changed")
    hosts = {"mail.example.org": "198.51.100.25", "mx.example.net": "203.0.113.25"}
    monitors = {await comparison.monitor(host): address for host, address in hosts.items()}
    for _ in range(3):
        for monitor, address in monitors.items():
            await comparison.rounds(monitor, "omo", address=address)
    for monitor, address in monitors.items():
        await comparison.recheck(monitor, "omo", address=address)
    assert await _notices(comparison) == []
