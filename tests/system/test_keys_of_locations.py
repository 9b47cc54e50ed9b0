"""Keys of locations: ops change them while the product runs, and `make run` finds them on old data."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from typing import Any

from deploy.local.programs import program
from tests.system import monitors
from tests.system.monitors import checks_from
from tests.system.product import START_SECONDS, Product, environ, eventually
from tests.system.smtpd import MailServer

CUT_OFF_SECONDS = 10.0
BACK_SECONDS = 30.0


def test_a_location_is_cut_off_let_in_again_and_given_new_keys_within_seconds(
    new_product: Product, mail_server: MailServer
) -> None:
    product = new_product
    product.start()
    monitor = monitors.create(product, mail_server.port)
    checks_from(product, monitor, {"DE", "US"}, lambda check: check["status"] == "success")

    locations(product, "disable", "us")
    eventually(lambda: refused(product, "us"), "the agent is cut off", CUT_OFF_SECONDS)
    assert location(product, "us")["reasons"][0] == "disabled"
    assert not refused(product, "de")

    before = let_in(product, "us")
    locations(product, "enable", "us")
    eventually(
        lambda: location(product, "us")["agents"] and let_in(product, "us") > before,
        "the agent is back by itself",
        BACK_SECONDS,
    )

    times, before = refused(product, "us"), let_in(product, "us")
    locations(product, "rotate", "us", "--now", "--enrolment", str(product.data / "enrolments" / "us.json"))
    eventually(lambda: refused(product, "us") > times, "the agent with the old file is cut off", CUT_OFF_SECONDS)
    assert let_in(product, "us") == before
    os.kill(product.record["pids"]["agent-us"], signal.SIGKILL)  # the supervisor starts it again, with the new file
    eventually(lambda: let_in(product, "us") > before, "the agent with the new file is let in", BACK_SECONDS)
    eventually(lambda: location(product, "us")["agents"], "the location is ready")
    monitors.trigger(product, monitor)
    checks_from(product, monitor, {"DE", "US"}, lambda check: check["purpose"] == "triggered")


def test_files_that_are_of_no_use_are_replaced_and_lost_keys_are_named(new_product: Product) -> None:
    product = new_product
    product.countries = "DE"
    product.start()
    product.stop()
    file = product.data / "enrolments" / "de.json"
    for spoil in (without_login, os.unlink):
        spoil(file)
        product.start()
        assert location(product, "de")["agents"]
        product.stop()
    given = [line for line in product.output().splitlines() if "location_given_new_keys" in line]
    assert len(given) == 2

    trust = product.data / "trust.json"
    trust.rename(trust.with_name("elsewhere"))
    process = product.begin()
    assert process.wait(START_SECONDS) == 1
    assert f"{trust} is missing" in product.output()
    shutil.rmtree(product.data / "enrolments")
    product.start()
    assert location(product, "de")["agents"]
    product.stop()

    trust.with_name("elsewhere").replace(trust)  # the lost keys, and logins made with other keys
    product.start()
    assert location(product, "de")["agents"]
    for command in ("disable", "remove"):
        locations(product, command, "de")
    product.stop()
    product.start()  # where the file of the removed location is in the way
    assert location(product, "de")["agents"]


def test_a_server_of_the_users_needs_the_keys_it_believes(new_product: Product) -> None:
    new_product.settings = {"MAILPROBE_NATS_URL": "nats://127.0.0.1:4222"}
    assert new_product.begin().wait(START_SECONDS) == 1
    assert "MAILPROBE_NATS_URL needs MAILPROBE_TRUST_FILE too" in new_product.output()


def without_login(file: Any) -> None:
    """The enrolment file as an earlier version wrote it."""
    old = json.loads(file.read_text())
    kept = {name: old[name] for name in ("location", "country", "natsUrl", "sealingKey")}
    file.write_text(json.dumps(kept | {"version": 1}))


def locations(product: Product, *words: str) -> None:
    record = product.record
    settings = {
        "MAILPROBE_DATABASE_URL": record["databaseUrl"],
        "MAILPROBE_NATS_URL": record["natsUrl"],
        "MAILPROBE_TRUST_FILE": record["trustFile"],
    }
    command = [program("mailprobe-controller"), "locations", *words]
    done = subprocess.run(command, env=environ() | settings, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def location(product: Product, code: str) -> dict[str, Any]:
    [here] = [each for each in product.api.get("/api/locations").json() if each["code"] == code]
    return dict(here)


def refused(product: Product, code: str) -> int:
    """How often the broker cut the location's agent off, by the agent's log."""
    return count_logged(product, code, "nats_closed_by_server")


def let_in(product: Product, code: str) -> int:
    return count_logged(product, code, "nats_connected")


def count_logged(product: Product, code: str, event: str) -> int:
    return sum(event in line and f"agent-{code}" in line for line in product.output().splitlines())
