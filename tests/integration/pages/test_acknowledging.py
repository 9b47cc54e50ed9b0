"""`/ack/{token}`: what people and programs do with the link of a message, without a login."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import httpx
import pytest
import structlog

from controller.operations.accounts.limits import RequestLimits
from controller.store.incidents import ack_tokens
from controller.store.platform.link_tokens import new_link_token
from controller.store.platform.pool import StoreUnavailableError
from shared.clock import utc_now
from shared.secret import Secret
from tests.integration.api.conftest import Api, client_of
from tests.integration.api.documented import MOMENT, assert_holds
from tests.integration.api.outages import Outage, make_locations, outage, recover
from tests.integration.pages.browser import ACCEPT, Browser, Page

JSON = {"Accept": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
RECEIVER = "On call"


class Sent(NamedTuple):
    """A message about an outage, and its link."""

    outage: Outage
    token: str

    @property
    def path(self) -> str:
        return f"/ack/{self.token}"


async def message(api: Api, found: Outage, receiver: str = RECEIVER) -> Sent:
    delivery = await api.value(
        "INSERT INTO delivery (organization_id, incident_id, change_id, type, receiver, channel_name, channel_id,"
        " notice, state) VALUES ($1, $2, $3, 'ntfy', $4, $4, 7, '{}', 'sent') RETURNING id",
        found.incident.organization_id,
        found.incident.id,
        found.opened.id,
        receiver,
    )
    token = new_link_token()
    async with api.database.connection() as connection:
        await ack_tokens.insert(connection, token, incident_id=found.incident.id, delivery_id=delivery, now=utc_now())
    return Sent(found, token.reveal())


@pytest.fixture
async def sent(api: Api) -> Sent:
    await make_locations(api)
    await api.value("DELETE FROM incident")
    return await message(api, await outage(api, await api.create(name="Outbound")))


@pytest.fixture
async def stranger(api: Api) -> Any:
    """A browser that nobody is logged in with."""
    async with client_of(api.application) as client:
        yield Browser(client)


async def taken(api: Api) -> str | None:
    found: str | None = await api.value("SELECT acknowledged_by FROM incident WHERE acknowledged_at IS NOT NULL")
    return found


async def test_the_page_shows_what_fails_and_a_form_that_chooses_nothing(
    api: Api, stranger: Browser, sent: Sent
) -> None:
    page = await stranger.open(sent.path)
    assert page.status == 200
    assert page.title == "Down: Outbound – Mailprobe"
    for text in (RECEIVER, "Outbound", "smtp.example.com", "2 of 2 countries", "DE (de-nbg)", "Nobody has it yet."):
        assert text in page.text
    assert page.form(sent.path).fields == {"comment": [""]}
    assert page.form(sent.path).names == {"for", "comment"}
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "set-cookie" not in page.headers
    assert await taken(api) is None


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
async def test_no_other_method_acknowledges(api: Api, stranger: Browser, sent: Sent, method: str) -> None:
    await stranger.client.request(method, f"{sent.path}?for=2h", headers={"Accept": ACCEPT})
    assert await taken(api) is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param({}, "Choose for how long", id="nothing"),
        pytest.param({"comment": "mine"}, "Choose for how long", id="a comment alone"),
        pytest.param({"for": ""}, "Choose for how long", id="an empty choice"),
        pytest.param({"for": "3h"}, "Choose for how long", id="another choice"),
        pytest.param({"for": "2h", "comment": "x" * 2001}, "comment must be 0 to 2000", id="a comment too long"),
        pytest.param({"for": "2h", "comment": "\x1b["}, "comment must be 0 to 2000", id="a control character"),
        pytest.param({"for": "2h", "resolve": "yes"}, "resolve is not a field", id="an unknown field"),
    ],
)
async def test_what_chooses_nothing_is_refused_with_the_form(
    api: Api, stranger: Browser, sent: Sent, fields: dict[str, str], problem: str
) -> None:
    page = Page(await stranger.client.post(sent.path, data=fields, headers={"Accept": ACCEPT}))
    assert page.status == 400
    assert problem in page.text
    assert page.form(sent.path).fields["comment"] == ["" if "resolve" in fields else fields.get("comment", "")]
    answer = await stranger.client.post(sent.path, data=fields, headers=JSON)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"] in {"for", "comment", "resolve"}
    assert await taken(api) is None


async def test_a_choice_takes_it_in_the_name_of_the_receiver(api: Api, stranger: Browser, sent: Sent) -> None:
    values: dict[str, Any] = {"for": "2h", "comment": "On my way"}
    page = await stranger.submit(await stranger.open(sent.path), sent.path, **values)
    assert (page.status, page.path) == (200, sent.path)
    assert "You have it until" in page.text
    assert await taken(api) == RECEIVER
    report = (await api.client.get(f"/api/v1/incidents/{sent.outage.incident.public_id}")).json()
    assert (report["state"], report["acknowledgedBy"]) == ("acknowledged", RECEIVER)
    assert report["acknowledgedUntil"] is not None
    last = report["timeline"][-1]
    assert (last["kind"], last["reason"], last["doneBy"]) == ("acknowledged", "On my way", RECEIVER)
    assert last["acknowledgedUntil"] == report["acknowledgedUntil"]
    assert report["resolvedAt"] is None


async def test_programs_speak_json(api: Api, stranger: Browser, sent: Sent) -> None:
    shown = await stranger.client.get(sent.path, headers=JSON)
    assert shown.status_code == 200
    [incident] = shown.json()["incidents"]
    assert (incident["monitor"], incident["acknowledgedBy"], shown.json()["total"]) == ("Outbound", None, 1)
    assert incident["evidence"][0]["country"] == "DE"
    done = await stranger.client.post(sent.path, json={"for": "30m", "comment": "On it"}, headers=JSON)
    assert_holds(done.json(), {"acknowledged": 1, "acknowledgedBy": RECEIVER, "acknowledgedUntil": MOMENT})
    again = await stranger.client.post(sent.path, content="for=30m", headers={**JSON, **FORM})
    assert (again.status_code, again.json()["acknowledged"]) == (200, 0)
    for answer in (shown, done, again):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
    assert await api.value("SELECT count(*) FROM incident_change WHERE kind = 'acknowledged'") == 1


@pytest.mark.parametrize(
    ("content", "field"),
    [("{", "body"), ("[]", "body"), ('{"for": 30}', "for"), ('{"for": null}', "for"), ('{"unknown": 1}', "unknown")],
)
async def test_json_that_is_wrong_is_refused_by_field(
    api: Api, stranger: Browser, sent: Sent, content: str, field: str
) -> None:
    headers = {**JSON, "Content-Type": "application/json"}
    answer = await stranger.client.post(sent.path, content=content, headers=headers)
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["field"] == field
    assert await taken(api) is None


async def test_a_comment_is_added_where_another_has_it(api: Api, stranger: Browser, sent: Sent) -> None:
    other = await message(api, sent.outage, "Second line")
    await stranger.client.post(other.path, data={"for": "resolved"}, headers=JSON)
    page = await stranger.open(sent.path)
    assert "Second line has it" in page.text
    done = await stranger.client.post(sent.path, data={"for": "2h", "comment": "Can I help?"}, headers=JSON)
    assert done.json() == {"acknowledged": 0, "acknowledgedBy": "Second line", "acknowledgedUntil": None}
    async with api.database.connection() as connection:
        rows = await connection.fetch("SELECT kind, reason, done_by FROM incident_change ORDER BY id DESC LIMIT 2")
    assert [tuple(row) for row in rows] == [
        ("commented", "Can I help?", RECEIVER), ("acknowledged", "", "Second line")
    ]  # fmt: skip


@pytest.mark.parametrize("headers", [JSON, {"Accept": ACCEPT}], ids=["programs", "people"])
@pytest.mark.parametrize(
    ("status", "token"), [(404, "A" * 22), (404, "x"), (404, "%00" * 22), (410, "expired"), (410, "resolved")]
)
async def test_what_is_unknown_is_404_and_what_is_over_is_410(
    api: Api, stranger: Browser, sent: Sent, headers: dict[str, str], status: int, token: str
) -> None:
    path = f"/ack/{token}"
    if token == "resolved":
        await recover(api, sent.outage)
        path = sent.path
    elif token == "expired":
        await api.value("UPDATE ack_token SET expires_at = now() - interval '1 ms'")
        path = sent.path
    for answer in (
        await stranger.client.get(path, headers=headers),
        await stranger.client.post(path, data={"for": "2h"}, headers=headers),
    ):
        assert answer.status_code == status, answer.text
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in answer.headers
    assert await taken(api) is None


async def test_requests_count_against_the_limit_of_their_network(
    api: Api, stranger: Browser, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.application.state, "limits", RequestLimits(api.database, 2))
    statuses = [(await stranger.client.get(sent.path, headers=JSON)).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = await stranger.client.post(sent.path, data={"for": "2h"}, headers=JSON)
    assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
    assert await taken(api) is None


async def test_another_site_can_do_what_the_token_allows_and_nothing_else(
    api: Api, stranger: Browser, sent: Sent
) -> None:
    """An action of a message runs in the page of its service."""
    headers = {**JSON, "Origin": "https://ntfy.example.com", "Sec-Fetch-Site": "cross-site"}
    done = await stranger.client.post(sent.path, data={"for": "2h"}, headers=headers)
    assert done.status_code == 200
    assert done.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in done.headers
    await api.value("UPDATE incident SET acknowledged_at = NULL, acknowledged_by = NULL, acknowledged_until = NULL")
    refused = await stranger.client.post(f"/ack/{'A' * 22}", data={"for": "2h"}, headers=headers)
    assert refused.status_code == 404
    assert await taken(api) is None


async def test_no_log_line_holds_the_token_whatever_fails(
    api: Api, stranger: Browser, sent: Sent, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    failures: list[Exception] = [RuntimeError("a fault of ours"), StoreUnavailableError("away")]

    async def fails(*_: object) -> None:
        raise failures[0]

    with structlog.testing.capture_logs() as lines:
        await stranger.client.get(sent.path)
        await stranger.client.post(sent.path, data={"for": "2h"}, headers=JSON)
        monkeypatch.setattr(ack_tokens, "by_token", fails)
        answers: list[httpx.Response] = []
        while failures:
            answers += [await stranger.client.get(sent.path), await stranger.client.post(sent.path, data={"for": "2h"})]
            failures.pop(0)
    assert {answer.status_code for answer in answers} == {500, 503}
    assert {line["event"] for line in lines} >= {"request_failed", "request_unavailable", "incidents_acknowledged"}
    assert {line["path"] for line in lines if "path" in line} == {"/ack/********"}
    written = str([one.getMessage() for one in caplog.records if not one.name.startswith("httpx")]) + str(lines)
    assert sent.token not in written
    metrics = (await api.client.get("/metrics")).text
    assert sent.token not in metrics


def test_a_token_does_not_show_itself() -> None:
    token = new_link_token()
    assert isinstance(token, Secret)
    assert len(token.reveal()) == 22
    assert token.reveal() not in repr(token)
