"""A monitor made over the API is checked from its countries, and every change to it arrives at once."""

from __future__ import annotations

import asyncpg

from shared.wire.messages import READY_SECONDS
from tests.fakes.ports import free_port
from tests.system import monitors
from tests.system.drills import ledger
from tests.system.monitors import HOURLY, after, checks_from, now
from tests.system.product import Product, eventually
from tests.system.smtpd import MailServer

BOTH = {"DE", "US"}
SOON_SECONDS = 5.0
"""What should come at once takes less than a second, but a machine may stall now and then."""


def succeeded(check: monitors.Check) -> bool:
    return bool(check["status"] == "success")


def refused(check: monitors.Check) -> bool:
    return bool(check["status"] == "failure" and check["failure"]["kind"] == "refused")


def test_both_countries_report_success_and_phases_at_once(product: Product, mail_server: MailServer) -> None:
    monitor = monitors.create(product, mail_server.port, **HOURLY)
    found = checks_from(product, monitor, BOTH, succeeded)
    for check in found.values():
        assert monitors.ended(check) - monitors.scheduled(check) < SOON_SECONDS
        assert {"resolve", "connect", "greeting", "ehlo", "quit"} <= check["timings"].keys()
        assert check["timings"]["connect"] > 0
        assert check["failure"] is None
        assert check["purpose"] == "scheduled"
    monitors.delete(product, monitor)


def test_a_stopped_server_is_refused_in_the_next_round_and_found_again_later(
    product: Product, mail_server: MailServer
) -> None:
    monitor = monitors.create(product, mail_server.port)
    checks_from(product, monitor, BOTH, succeeded)
    mail_server.stop()
    found = checks_from(product, monitor, BOTH, after(now()))
    assert all(map(refused, found.values())), found
    assert {check["failure"]["source"] for check in found.values()} == {"target"}
    assert {check["failure"]["phase"] for check in found.values()} == {"connect"}
    mail_server.start()
    started = now()
    checks_from(product, monitor, BOTH, lambda check: succeeded(check) and after(started)(check))
    monitors.delete(product, monitor)


def test_a_country_list_is_kept_by_rounds_and_triggers(product: Product, mail_server: MailServer) -> None:
    monitor = monitors.create(product, mail_server.port, allowedCheckCountryCodes=["de"])
    checks_from(product, monitor, {"DE"}, succeeded)
    monitors.trigger(product, monitor)
    checks_from(product, monitor, {"DE"}, lambda check: check["purpose"] == "triggered")
    assert {check["countryCode"] for check in monitors.history(product, monitor)} == {"DE"}

    monitors.change(product, monitor, allowedCheckCountryCodes=None)
    monitors.trigger(product, monitor)
    checks_from(product, monitor, BOTH, lambda check: check["purpose"] == "triggered")
    monitors.delete(product, monitor)


def test_a_changed_target_is_checked_at_once(product: Product, mail_server: MailServer) -> None:
    monitor = monitors.create(product, mail_server.port, **HOURLY)
    checks_from(product, monitor, BOTH, succeeded)
    changed = now()
    monitors.change(product, monitor, hostname="localhost", port=free_port())
    for check in checks_from(product, monitor, BOTH, refused).values():
        assert monitors.ended(check) - changed < SOON_SECONDS

    changed = now()
    monitors.change(product, monitor, hostname="127.0.0.1", port=mail_server.port)
    checks_from(product, monitor, BOTH, lambda check: succeeded(check) and after(changed)(check))
    monitors.delete(product, monitor)


async def test_a_disabled_and_a_deleted_monitor_are_left_alone(product: Product, mail_server: MailServer) -> None:
    disabled, deleted, active = (monitors.create(product, mail_server.port) for _ in range(3))
    for monitor in (disabled, deleted, active):
        checks_from(product, monitor, BOTH, succeeded)
    monitors.change(product, disabled, status="disabled")
    monitors.delete(product, deleted)
    answer = product.api.get(f"/api/smtp-monitors/{deleted}")
    assert (answer.status_code, answer.json()["message"]) == (404, "Not found")
    since = await ledger.silent_since(product.record["databaseUrl"]) / 1000

    # After two more rounds of the third monitor the others would have had at least one.
    checks_from(product, active, BOTH, after(since))
    checks_from(product, active, BOTH, after(since + monitors.INTERVAL_SECONDS))
    assert not [check for check in monitors.history(product, disabled) if after(since)(check)]
    assert await _checks_due_after(product, deleted, since) == 0

    monitors.trigger(product, disabled)
    checks_from(product, disabled, BOTH, lambda check: check["purpose"] == "triggered")
    activated = now()
    monitors.change(product, disabled, status="active", **HOURLY)
    checks_from(product, disabled, BOTH, lambda check: check["purpose"] == "scheduled" and after(activated)(check))
    for monitor in (disabled, active):
        monitors.delete(product, monitor)


async def _checks_due_after(product: Product, monitor: str, moment: float) -> int:
    """How many checks were due after this moment, of a monitor that the API no longer knows."""
    connection = await asyncpg.connect(product.record["databaseUrl"])
    try:
        return int(
            await connection.fetchval(
                "SELECT count(*) FROM result JOIN monitor ON monitor.id = result.monitor_id"
                " WHERE monitor.public_id = $1 AND due_at > to_timestamp($2)",
                monitor,
                moment,
            )
        )
    finally:
        await connection.close()


def test_locations_are_listed_with_what_their_agents_report(product: Product) -> None:
    def ready() -> dict[str, dict[str, object]] | None:
        found = {each["code"]: each for each in product.api.get("/api/locations").json()}
        return found if all(each["agents"] == 1 for each in found.values()) else None

    # An agent that an earlier test killed counts until its last heartbeat is too old.
    known = eventually(ready, "every location is ready, with one agent", READY_SECONDS + 30)
    assert known.keys() == set(product.record["locations"]) == {"de", "us"}
    assert {each["countryCode"] for each in known.values()} == BOTH
    for each in known.values():
        assert "smtp" in each["kinds"]  # type: ignore[operator]
