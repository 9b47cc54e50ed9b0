"""What a new kind refuses, and where its secrets are not: in reads, results, events, logs and files."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.system.new_kinds.stage import ABROAD, HAND_OFF, HOME, HOOK, ZONE_WATCH, Stage
from tests.system.new_kinds.wire_tap import WireTap
from tests.system.regions.eavesdropper import content_of, files_in
from tests.system.toys.desks import ENTRY_LOGIN, EXIT_LOGIN

MASK = "********"
SECRETS = (ENTRY_LOGIN[1], EXIT_LOGIN[1])


@pytest.mark.parametrize(
    ("path", "fields", "field", "rule"),
    [
        (HAND_OFF, {"config": {}}, "config.entry.host", "is required"),
        (HAND_OFF, {"config": {"entry": 5}}, "config.entry", "must be an object"),
        (HAND_OFF, {"config": {"entry": {"host": "a b", "port": 1}}}, "config.entry.host", "must be a valid hostname"),
        (HAND_OFF, {"config": {"entry": {"host": "a.test", "port": "x"}}}, "config.entry.port", "1 to 65535"),
        (HAND_OFF, {"config": {"exitFrom": "XX"}}, "config.exitFrom", "ISO 3166-1"),
        (HAND_OFF, {"config": {"waitSeconds": 61}}, "config.waitSeconds", "from 1 to 60"),
        (HAND_OFF, {"config": {"exit": {"user": "a", "ticket": "b\nc"}}}, "config.exit.ticket", "line breaks"),
        (
            HAND_OFF,
            {"config": {"entry": {"host": "a.test", "port": 1}, "exit": {"host": "a.test", "port": 1, "ticket": MASK}}},
            "config.exit.ticket",
            "is masked, and there is no stored value to keep",
        ),
        (HAND_OFF, {"config": [1]}, "config", "must be an object or null"),
        (ZONE_WATCH, {"zoneConfig": {}}, "zoneConfig.address", "is required"),
        (ZONE_WATCH, {"zoneConfig": {"address": 5}}, "zoneConfig.address", "must be a string"),
        (ZONE_WATCH, {"zoneConfig": {"address": "a", "watchSeconds": 281}}, "zoneConfig.watchSeconds", "1 to 280"),
        (ZONE_WATCH, {"checkIntervalSeconds": 59}, "checkIntervalSeconds", "at least 60 for a monitor of Zone watch"),
        (ZONE_WATCH, {"checkIntervalSeconds": 400, "timeoutSeconds": 301}, "timeoutSeconds", "from 1 to 300"),
        (ZONE_WATCH, {"hostname": "a b"}, "hostname", "must be a valid hostname"),
        (HAND_OFF, {"timeoutSeconds": 61}, "timeoutSeconds", "from 1 to 60"),
    ],
)
def test_a_wrong_value_is_refused_by_its_field_and_rule(
    stage: Stage, path: str, fields: dict[str, Any], field: str, rule: str
) -> None:
    usual = {"config": stage.config()} if path == HAND_OFF else {"hostname": "a.test", "zoneConfig": {"address": "a"}}
    answer = stage.post(path, **(usual | fields))
    assert answer.status_code == 400, answer.text
    message = answer.json()["message"]
    assert message.startswith(field), message
    assert rule in message


def test_an_interval_that_is_not_given_is_one_that_the_kind_allows(stage: Stage) -> None:
    made = stage.post(ZONE_WATCH, hostname="localhost", status="disabled", zoneConfig={"address": "a"}).json()
    assert (made["checkIntervalSeconds"], made["timeoutSeconds"]) == (1800, 30)
    path = f"{ZONE_WATCH}/{made['publicId']}"
    refused = stage.product.api.patch(path, json={"checkIntervalSeconds": 30})
    assert (refused.status_code, "at least 60" in refused.json()["message"]) == (400, True)
    assert stage.product.api.patch(path, json={"checkInterval": 1}).json()["checkIntervalSeconds"] == 60
    stage.product.api.delete(path)


def test_a_new_monitor_of_an_unknown_customer_or_with_an_unknown_id_is_refused_in_the_groups_words(
    stage: Stage,
) -> None:
    unknown = "99999999-9999-4999-8999-999999999999"
    answer = stage.post(HAND_OFF, customerId=unknown, config=stage.config())
    assert (answer.status_code, answer.json()["message"]) == (404, "Customer not found")
    answer = stage.product.api.get(f"{ZONE_WATCH}/5")
    assert (answer.status_code, answer.json()["message"]) == (400, "Zone watch monitor public ID (UUID) required")


def test_secrets_of_both_logins_are_masked_kept_by_masks_and_nowhere_else(stage: Stage) -> None:
    with WireTap(stage.product.record) as tap:
        before = len(stage.desks.users)
        made = stage.post(HAND_OFF, name="secrets", checkIntervalSeconds=3600, config=stage.config()).json()
        assert (made["config"]["entry"]["password"], made["config"]["exit"]["ticket"]) == SECRETS
        path = f"{HAND_OFF}/{made['publicId']}"
        read = stage.product.api.get(path).json()
        assert (read["config"]["entry"]["password"], read["config"]["exit"]["ticket"]) == (MASK, MASK)
        changed = stage.product.api.patch(path, json={"config": read["config"] | {"waitSeconds": 7}}).json()
        assert changed["config"] == made["config"] | {"waitSeconds": 7}
        stage.checked(HAND_OFF, made["publicId"])
        assert {*stage.desks.users[before:]} >= {ENTRY_LOGIN[0], EXIT_LOGIN[0]}
        assert {*map(tuple, tap.logins(HOME, made["publicId"]))} == {("entry", "exit")}
        assert {*map(tuple, tap.logins(ABROAD, made["publicId"]))} == {("entry",)}

    wrong = stage.config()
    wrong["exit"]["ticket"] = "mistyped-" + SECRETS[1]
    refused = stage.create_handoff("mistyped", config=wrong)
    found = stage.checked(HAND_OFF, refused)
    assert found[HOME]["failure"]["detail"] == f"- who is {EXIT_LOGIN[0]} {MASK}?"

    shown = [stage.product.api.get(HAND_OFF).text, stage.product.api.get("/api/results?format=ndjson").text]
    for monitor in (made["publicId"], refused):
        path = f"{HAND_OFF}/{monitor}"
        shown += [stage.product.api.get(f"{path}{tail}").text for tail in ("", "/check-history", "/details")]
        shown.append(stage.product.page(f"/monitors/{monitor}"))
        stage.product.api.delete(path)
    shown += [json.dumps(post.json) for post in stage.hooks.at(HOOK)]
    for secret in SECRETS:
        assert not [text for text in shown if secret in text]
        files = [stage.product.console, *files_in(stage.product.data)]
        assert not [path for path in files if secret.encode() in content_of(path)]
