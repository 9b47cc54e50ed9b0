"""A kind with two servers and two logins, one of them for the locations of one country: made over the API, checked from
two countries, judged, notified, shown and exported.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from tests.system.new_kinds.stage import ABROAD, HAND_OFF, HOME, HOOK, Stage
from tests.system.product import eventually


@pytest.fixture(scope="module")
def works(stage: Stage) -> str:
    return stage.create_handoff("works")


def test_both_countries_check_it_and_one_of_them_has_the_second_login(stage: Stage, works: str) -> None:
    found = stage.checked(HAND_OFF, works)
    assert {check["status"] for check in found.values()} == {"success"}, found
    session = {"resolve", "connect", "greeting", "auth", "envelope"}
    assert found[HOME]["timings"].keys() == session | {"mailbox"}
    assert found[ABROAD]["timings"].keys() == session
    assert found[HOME]["detail"] == {
        "kind": "handoff",
        "line": found[HOME]["diagnostics"]["line"],
        "pickedUp": True,
        "waitedMs": found[HOME]["detail"]["waitedMs"],
    }
    assert (found[ABROAD]["detail"]["pickedUp"], found[ABROAD]["detail"]["waitedMs"]) == (False, None)
    entered = [check["detail"]["line"] for check in found.values()]
    assert {*entered} <= stage.desks.lines
    assert stage.verdict(HAND_OFF, works, "up") == "2 of 2 countries pass"


def test_it_is_triggered_listed_changed_and_deleted(stage: Stage) -> None:
    made = stage.post(HAND_OFF, name="by hand", checkIntervalSeconds=3600, config=stage.config()).json()
    path = f"{HAND_OFF}/{made['publicId']}"
    triggered = stage.product.api.post(f"{path}/trigger-check").json()
    assert triggered["handOffMonitorId"] == made["id"]
    assert triggered["queueNames"] == [f"hand-off-monitor-checks-{code}" for code in triggered["locationCodes"]]
    details = stage.details(HAND_OFF, made["publicId"])
    assert (details["handOffMonitorId"], details["monitor"]["hostname"]) == (made["id"], "")

    changed = stage.product.api.patch(path, json={"name": "renamed", "timeoutSeconds": 20}).json()
    assert (changed["name"], changed["timeoutSeconds"], changed["config"]) == ("renamed", 20, made["config"])
    listed = stage.product.api.get(HAND_OFF, params={"search": "renamed"}).json()
    assert [each["publicId"] for each in listed["items"]] == [made["publicId"]]
    for other in ("/api/smtp-monitors", "/api/imap-pop-monitors", "/api/zone-watch-monitors"):
        assert stage.product.api.get(f"{other}/{made['publicId']}").status_code == 404, other
    assert stage.product.api.get(f"{path}/policy").status_code == 200
    channel = {"type": "webhook", "name": "own", "config": {"url": stage.hooks.address}, "monitorId": made["publicId"]}
    own = stage.product.api.post("/api/notification-channels", json=channel).json()
    assert (own["monitorId"], own["smtpMonitorId"], own["imapPopMonitorId"]) == (made["id"], None, None)
    assert stage.product.api.delete(path).json() == {"success": True}
    gone = stage.product.api.get(path)
    assert (gone.status_code, gone.json()["message"]) == (404, "Hand-off monitor not found")


def test_an_outage_is_judged_notified_and_shown(stage: Stage) -> None:
    broken = stage.create_handoff("broken exit", config=stage.unreachable())
    reason = stage.verdict(HAND_OFF, broken, "down", 60)
    assert reason == "2 of 2 countries cannot connect: refused"

    def posted() -> list[Any]:
        return [post.json for post in stage.hooks.at(HOOK) if b"broken exit" in post.body]

    [post, *_] = eventually(posted, "a webhook")
    assert reason in json.dumps(post)
    history = stage.product.api.get(f"{HAND_OFF}/{broken}/incident-history").json()
    assert [incident["details"] for incident in history["incidents"]] == [reason]
    assert eventually(
        lambda: stage.product.api.get(f"{HAND_OFF}/{broken}/alert-history").json()["total"], "the notification"
    )
    [listed] = [
        each for each in stage.product.api.get("/api/incidents").json() if each["website"]["publicId"] == broken
    ]
    assert listed["error_message"] == reason
    assert listed["website"]["url"] == f"handoff://127.0.0.1:{stage.desks.entry}"
    assert (listed["smtpMonitorId"], listed["imapPopMonitorId"]) == (None, None)
    incident = stage.product.api.get(f"/api/incidents/{listed['publicId']}").json()
    assert incident["evidenceCheck"]["failure"]["kind"] == "refused"
    for page in ("/incidents", f"/incidents/{listed['publicId']}", f"/monitors/{broken}", "/"):
        assert "broken exit" in stage.product.page(page), page
    stage.product.api.delete(f"{HAND_OFF}/{broken}")


def test_a_refused_second_login_counts_where_it_is_used(stage: Stage) -> None:
    wrong = {**stage.config()["exit"], "ticket": "wrong-ticket-5521"}
    refused = stage.create_handoff("wrong ticket", config=stage.config(exit=wrong))
    found = stage.checked(HAND_OFF, refused)
    failure = found[HOME]["failure"]
    assert (failure["kind"], failure["phase"]) == ("login_refused", "auth")
    assert "wrong-ticket-5521" not in json.dumps(found)
    assert found[ABROAD]["status"] == "success"
    stage.product.api.delete(f"{HAND_OFF}/{refused}")


def test_pages_show_both_servers_and_the_kinds_own_words(stage: Stage, works: str) -> None:
    stage.checked(HAND_OFF, works)
    check = next(each for each in reversed(stage.history(HAND_OFF, works)) if each["countryCode"] == HOME)
    servers = f"127.0.0.1:{stage.desks.entry} and localhost:{stage.desks.exit}"
    overview, head = stage.product.page("/"), stage.product.page(f"/monitors/{works}")
    one = stage.product.page(f"/monitors/{works}/checks/{check['id']}")
    assert servers in overview
    assert f"127.0.0.1 port {stage.desks.entry} and localhost port {stage.desks.exit}" in head
    assert "Login: entry giver Login: exit taker" in head
    assert "Waits for the line 5 s" in head
    assert "pick up" in one
    assert f"PUT {check['detail']['line']}" in one
    assert f"What it found Line {check['detail']['line']} Picked up yes Waited ms {check['detail']['waitedMs']}" in one
    assert "STARTTLS" not in head + one
    for page in (overview, head, one):
        assert "works" in page
        assert "Hand-off" in page
        assert "open-sesame" not in page
        assert "let-me-out" not in page


def test_results_are_exported_and_streamed_with_their_detail(stage: Stage, works: str) -> None:
    check = stage.checked(HAND_OFF, works)[HOME]
    lines = stage.product.api.get("/api/results", params={"format": "ndjson", "kind": "handoff", "monitor": works})
    exported = {one["checkId"]: one for one in map(json.loads, lines.text.splitlines())}
    assert exported[check["id"]]["detail"] == check["detail"]
    rows = stage.product.api.get("/api/results", params={"format": "csv", "kind": "handoff", "monitor": works})
    assert {row["kind"] for row in csv.DictReader(io.StringIO(rows.text))} == {"handoff"}
    assert stage.product.api.get("/api/results", params={"kind": "smtp", "monitor": works}).json()["results"] == []

    with stage.product.api.stream("GET", "/api/results/stream", params={"kind": "handoff", "monitor": works}) as stream:
        assert stream.status_code == 200, stream.read()
        event = next(json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:"))
    assert event["monitorId"] == works
    assert event["result"]["detail"]["kind"] == "handoff"


def test_the_openapi_document_has_every_route_and_the_bodies(stage: Stage) -> None:
    document = stage.product.api.get("/schema/openapi.json").json()
    paths = {path: {*methods} for path, methods in document["paths"].items()}
    for path, methods in paths.items():
        if path.startswith("/api/imap-pop-monitors"):
            assert paths[path.replace("imap-pop", "hand-off")] == methods
            assert paths[path.replace("imap-pop", "zone-watch")] == methods
    schemas = document["components"]["schemas"]
    assert schemas["NewHandOffMonitor"]["required"] == ["customerId", "name"]
    assert schemas["NewZoneWatchMonitor"]["required"] == ["customerId", "name", "hostname"]
    timeout = schemas["NewZoneWatchMonitor"]["properties"]["timeoutSeconds"]
    assert (timeout["minimum"], timeout["maximum"]) == (1, 300)
    assert schemas["NewHandOffMonitor"]["properties"]["config"]["examples"][0]["exitFrom"] == "DE"
    events = stage.product.api.get("/schema/asyncapi.json").json()["components"]["schemas"]
    assert events["HandoffDetail"]["required"]
    assert "handoff" in str(events["Event"]["properties"]["kind"])
