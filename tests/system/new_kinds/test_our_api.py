"""A new kind brings its own target to `/api/v1`, typed like those of all others."""

from __future__ import annotations

from typing import Any

from tests.system.new_kinds.stage import HAND_OFF, HOME, ZONE_WATCH, Stage
from tests.system.toys.desks import ENTRY_LOGIN, EXIT_LOGIN

OURS = "/api/v1/monitors"
CUSTOMERS = "/api/customers"


def create(stage: Stage, target: dict[str, Any], **fields: Any) -> dict[str, Any]:
    customer = stage.product.api.get(CUSTOMERS).json()[0]["publicId"]
    body = {"name": "ours", "customerId": customer, "countries": ["DE", "US"], "target": target, **fields}
    answer = stage.product.api.post(OURS, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_kind_of_two_servers_logs_in_with_the_secrets_that_were_sent(stage: Stage) -> None:
    def desk(host: str, port: int, login: tuple[str, str]) -> dict[str, Any]:
        return {"host": host, "port": port, "user": login[0], "password": login[1]}

    entry = desk("127.0.0.1", stage.desks.entry, ENTRY_LOGIN)
    target = {"kind": "handoff", "entry": entry, "exit": desk("localhost", stage.desks.exit, EXIT_LOGIN)}
    made = create(stage, {**target, "exitFrom": HOME}, interval=10, timeout=8)
    shown = {"host": "localhost", "port": stage.desks.exit, "user": EXIT_LOGIN[0], "hasPassword": True}
    assert made["target"]["exit"] == shown
    found = stage.checked(HAND_OFF, made["id"])
    assert {check["status"] for check in found.values()} == {"success"}
    path = f"{OURS}/{made['id']}"
    answer = stage.product.api.patch(path, json={"target": {"waitSeconds": 7, "exit": {"hasPassword": False}}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["target"] == {**made["target"], "waitSeconds": 7}
    refused = stage.product.api.patch(path, json={"target": {"waitSeconds": 100, "entry": {"port": "x"}}})
    assert {error["field"] for error in refused.json()["errors"]} == {"target.waitSeconds", "target.entry.port"}


def test_a_kind_without_a_server_has_no_host(stage: Stage) -> None:
    made = create(stage, {"kind": "zonewatch", "domain": "localhost", "address": "127.0.0.1", "watchSeconds": 1})
    assert made["interval"] == 1800
    assert made["target"] == {"kind": "zonewatch", "domain": "localhost", "address": "127.0.0.1", "watchSeconds": 1}
    shown = stage.product.api.get(f"{ZONE_WATCH}/{made['id']}").json()
    assert (shown["hostname"], shown["zoneConfig"]) == ("localhost", {"address": "127.0.0.1", "watchSeconds": 1})
    refused = stage.product.api.patch(f"{OURS}/{made['id']}", json={"interval": 30, "target": {"domain": "a b"}})
    assert {error["field"] for error in refused.json()["errors"]} == {"interval", "target.domain"}
