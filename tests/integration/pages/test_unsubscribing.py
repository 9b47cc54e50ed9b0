"""`/unsubscribe/{token}`: what people and mail programs do with the link of a digest, without a login."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import structlog

from controller.model import Role
from controller.store.digests import unsubscribing
from controller.store.platform.link_tokens import new_link_token
from controller.store.platform.pool import StoreUnavailableError
from shared.clock import utc_now
from tests.integration.api.conftest import Api, client_of
from tests.integration.pages.browser import ACCEPT, Browser, Page, browsing_as

RECEIVER = "reader@example.com"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
HTML = {"Accept": ACCEPT}


@pytest.fixture
async def channel(api: Api) -> tuple[int, str]:
    """Number and id of a channel with a digest."""
    await api.value("DELETE FROM request_count")
    number = await api.value(
        "INSERT INTO notification_channel (organization_id, type, name, config, digest)"
        " SELECT id, 'email', 'Weekly', $1, $2 FROM organization ORDER BY id LIMIT 1 RETURNING id",
        {"to": [RECEIVER]},
        {"frequency": "daily", "at": "08:00", "weekday": "mon"},
    )
    return number, str(await api.value("SELECT public_id FROM notification_channel WHERE id = $1", number))


@pytest.fixture
async def path(api: Api, channel: tuple[int, str]) -> str:
    token = new_link_token()
    async with api.database.connection() as connection:
        await unsubscribing.insert(connection, token, channel_id=channel[0], receiver=RECEIVER, now=utc_now())
    return f"/unsubscribe/{token.reveal()}"


@pytest.fixture
async def stranger(api: Api) -> Any:
    """A browser that nobody is logged in with."""
    async with client_of(api.application) as client:
        yield Browser(client)


async def left(api: Api, channel: tuple[int, str]) -> bool:
    found: bool = await api.value(
        "SELECT EXISTS (SELECT FROM digest_unsubscription WHERE channel_id = $1 AND receiver = $2)",
        channel[0],
        RECEIVER,
    )
    return found


async def test_the_page_shows_what_ends_and_its_button_ends_it(
    api: Api, stranger: Browser, channel: tuple[int, str], path: str
) -> None:
    page = await stranger.open(path)
    assert page.status == 200
    assert page.title == "Unsubscribe from digests – Mailprobe"
    assert RECEIVER in page.text
    assert "Weekly" in page.text
    assert page.form(path).fields == {}  # a script that sends the form presses no button
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "set-cookie" not in page.headers
    assert not await left(api, channel)
    for _ in range(2):
        done = Page(await stranger.client.post(path, data=ONE_CLICK, headers=HTML))
        assert (done.status, done.title) == (200, "You are unsubscribed – Mailprobe")
        assert await left(api, channel)
    assert (await stranger.open(path)).title == "You are unsubscribed – Mailprobe"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param({"data": ONE_CLICK}, id="as a form"),
        pytest.param({"files": {"List-Unsubscribe": (None, "One-Click")}}, id="as multipart/form-data"),
    ],
)
async def test_a_mail_program_unsubscribes_by_one_post_without_cookies(
    api: Api, stranger: Browser, channel: tuple[int, str], path: str, sent: dict[str, Any]
) -> None:
    answer = await stranger.client.post(path, **sent)
    assert answer.status_code == 200
    assert await left(api, channel)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
async def test_no_other_method_unsubscribes(
    api: Api, stranger: Browser, channel: tuple[int, str], path: str, method: str
) -> None:
    await stranger.client.request(method, f"{path}?List-Unsubscribe=One-Click", headers=HTML)
    assert not await left(api, channel)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"List-Unsubscribe": "yes"}, id="another value"),
        pytest.param({**ONE_CLICK, "more": "1"}, id="an unknown field"),
    ],
)
async def test_what_no_button_sends_is_refused_with_the_page(
    api: Api, stranger: Browser, channel: tuple[int, str], path: str, fields: dict[str, str]
) -> None:
    page = Page(await stranger.client.post(path, data=fields, headers=HTML))
    assert page.status == 400
    assert "Press the button to unsubscribe." in page.text
    assert not await left(api, channel)


async def test_a_link_that_is_unknown_or_over_says_so(
    api: Api, stranger: Browser, channel: tuple[int, str], path: str
) -> None:
    for strange in ("A" * 22, "short", "%00" * 22):
        for method in ("GET", "POST"):
            answer = await stranger.client.request(method, f"/unsubscribe/{strange}", headers=HTML)
            assert answer.status_code == 404
    await api.value("UPDATE unsubscribe_token SET expires_at = now() - interval '1 second'")
    for method in ("GET", "POST"):
        answer = await stranger.client.request(method, path, headers=HTML, data=ONE_CLICK if method == "POST" else None)
        assert answer.status_code == 410
        assert "60 days" in answer.text
        assert answer.headers["referrer-policy"] == "no-referrer"
    await api.value("DELETE FROM notification_channel WHERE id = $1", channel[0])
    assert (await stranger.client.get(path, headers=HTML)).status_code == 404


async def test_no_log_line_and_no_metric_holds_the_token(
    api: Api, stranger: Browser, path: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)

    async def fails(*_: object) -> None:
        raise failures[0]

    failures: list[Exception] = [RuntimeError("a fault of ours"), StoreUnavailableError("away")]
    with structlog.testing.capture_logs() as lines:
        await stranger.client.get(path)
        monkeypatch.setattr(unsubscribing, "by_token", fails)
        statuses = set()
        while failures:
            statuses |= {(await stranger.client.get(path)).status_code}
            statuses |= {(await stranger.client.post(path, data=ONE_CLICK)).status_code}
            failures.pop(0)
    assert statuses == {500, 503}
    assert {line["path"] for line in lines if "path" in line} == {"/unsubscribe/********"}
    token = path.rpartition("/")[2]
    written = str([one.getMessage() for one in caplog.records if not one.name.startswith("httpx")]) + str(lines)
    assert token not in written
    assert token not in (await api.client.get("/metrics")).text


async def test_the_channels_page_lists_who_left_and_subscribes_again(
    api: Api, stranger: Browser, channel: tuple[int, str], path: str
) -> None:
    at = f"/settings/channels/{channel[1]}"
    async with browsing_as(api, Role.ADMIN) as browser:
        assert "Unsubscribed from digests" not in (await browser.open(at)).text
        await stranger.client.post(path, data=ONE_CLICK)
        page = await browser.open(at)
        assert "Unsubscribed from digests" in page.text
        form = page.form(f"{at}/subscribe")
        assert form.fields["receiver"] == [RECEIVER]
        done = await browser.post(f"{at}/subscribe", receiver=RECEIVER)
        assert "The address gets digests again." in done.text
        assert not await left(api, channel)
        assert "Unsubscribed from digests" not in (await browser.open(at)).text
