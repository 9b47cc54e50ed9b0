"""A kind without a server and without a login, whose checks take longer than a minute."""

from __future__ import annotations

from tests.system.new_kinds.stage import HOOK, WATCHED_SECONDS, ZONE_WATCH, Stage
from tests.system.product import eventually


def test_a_name_with_another_address_is_down_in_the_kinds_own_words(stage: Stage) -> None:
    wrong = stage.create_watch("moved away", checkIntervalSeconds=60, timeoutSeconds=30, zoneConfig={"address": "::9"})
    reason = stage.verdict(ZONE_WATCH, wrong, "down")
    assert reason == "2 of 2 countries do not see the address: dns not found"
    [post, *_] = eventually(lambda: [one for one in stage.hooks.at(HOOK) if b"moved away" in one.body], "a webhook")
    assert b"localhost" in post.body
    assert b"localhost:" not in post.body
    found = stage.checked(ZONE_WATCH, wrong)
    for check in found.values():
        assert check["failure"]["detail"].startswith("::9 is not among ")
        assert check["detail"]["lookups"] == 1
        assert "127.0.0.1" in check["detail"]["addresses"]
    page = stage.product.page(f"/monitors/{wrong}")
    assert "Zone watch at localhost · customer Default" in page
    assert "The name has another address." in page
    assert "Certificate" not in page
    assert "compared between locations" not in page
    one = stage.product.page(f"/monitors/{wrong}/checks/{found['DE']['id']}")
    assert "What it found Lookups 1 Addresses found last 127.0.0.1" in one
    assert "none was reached" not in one
    assert "The fault is the zone's" in one
    stage.product.api.delete(f"{ZONE_WATCH}/{wrong}")


def test_a_check_of_more_than_a_minute_is_evidence(stage: Stage) -> None:
    found = stage.checked(ZONE_WATCH, stage.slow, WATCHED_SECONDS + 60)
    for check in found.values():
        assert check["status"] == "success", check
        assert check["timings"]["resolve"] > WATCHED_SECONDS * 1000
        assert check["timingZoneWatch"] > WATCHED_SECONDS * 1000
        assert check["detail"]["lookups"] > WATCHED_SECONDS / 2
    assert stage.verdict(ZONE_WATCH, stage.slow, "up") == "2 of 2 countries pass"
    assert f"Watched for {WATCHED_SECONDS} s" in stage.product.page(f"/monitors/{stage.slow}")
    for path in (f"/monitors/{stage.slow}", f"/monitors/{stage.slow}/checks/{found['DE']['id']}"):
        page = stage.product.page(path)
        assert "slow" in page, path
        assert "localhost:" not in page, path
    assert "watch" in stage.product.page(f"/monitors/{stage.slow}/checks/{found['DE']['id']}")
