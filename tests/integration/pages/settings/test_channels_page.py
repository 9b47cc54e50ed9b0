"""The pages of channels: the list, the forms with their test, one channel with its deliveries, and the ends of one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from controller.model import Role
from controller.notify.email.relay import Relay, RelayTls
from controller.notify.registry import CHANNELS
from controller.operations.channels.config_keys import CONFIG_KEYS
from shared.nats.bus import Bus
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.api.channels.channel_client import open_channel_client
from tests.integration.api.channels.test_channel_deliveries import deliver, new_channel, new_outage
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, Api
from tests.integration.pages.browser import ACCEPT, Browser, Page, browsing_as

LIST = "/settings/channels"
NEW = f"{LIST}/new"
SECRET = "correct-horse-battery"
SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.fixture(scope="module")
def mail() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
def hook() -> Iterator[WebhookSink]:
    with WebhookSink() as sink:
        yield sink


@pytest.fixture(scope="module")
async def sending(api: Api, module_bus: Bus, mail: SmtpSink) -> AsyncIterator[Api]:
    """An application that may send to this machine."""
    relay = Relay(host="127.0.0.1", sender="mailprobe@example.com", port=mail.port, tls=RelayTls.NONE)
    async with open_channel_client(api, module_bus, relay=relay) as client:
        yield replace(api, application=client.application)


@pytest.fixture
async def browser(sending: Api) -> AsyncIterator[Browser]:
    await sending.value("DELETE FROM request_count")
    async with browsing_as(sending, Role.ADMIN) as opened:
        yield opened


async def save(browser: Browser, type_: str, **values: str) -> Page:
    return await send(browser, await browser.open(f"{NEW}?type={type_}"), NEW, name="On call", **values)


async def send(browser: Browser, page: Page, action: str, **values: str) -> Page:
    """Fill in a form, which may have a field `headers`, and send it."""
    form = page.form(action)
    fields = {**form.fields, **values}
    assert values.keys() <= form.names
    sent = {"Accept": ACCEPT, "Sec-Fetch-Site": "same-origin"}
    return Page(await browser.client.post(form.action, data=fields, headers=sent, follow_redirects=True))


async def try_out(browser: Browser, page: Page, action: str, **values: str) -> Page:
    """Press the button that sends a test with what the form says."""
    form = page.form(action)
    targets = (each.attributes.get("formaction", "") for each in form.all("button"))
    target = next(each for each in targets if "/test" in each)
    sent = {"Accept": ACCEPT, "Sec-Fetch-Site": "same-origin"}
    return Page(await browser.client.post(target, data={**form.fields, **values}, headers=sent))


async def stored(api: Api, page: Page) -> dict[str, Any]:
    row = await api.value(
        "SELECT config FROM notification_channel WHERE public_id = $1::text::uuid",
        page.path.partition("?")[0].split("/")[3],
    )
    clear: dict[str, Any] = api.vault.reveal(row)
    return clear


async def test_first_the_type_is_chosen_and_then_its_form_comes(browser: Browser) -> None:
    types = await browser.open(NEW)
    links = {path for path in types.links.values() if path.startswith(NEW)}
    assert links == {f"{NEW}?type={type_}" for type_ in CHANNELS}
    for type_, keys in CONFIG_KEYS.items():
        form = (await browser.open(f"{NEW}?type={type_}")).form(NEW)
        assert {key.name for key in keys} <= form.names
        assert "forget_secret" not in form.names


async def test_a_channel_is_made_and_its_page_says_so(sending: Api, browser: Browser) -> None:
    made = await save(
        browser, "email", to="a@example.net; b@example.net", customer=CUSTOMER, delay="60", shortest="300"
    )
    assert made.path.endswith("?done=created")
    assert "The channel is there." in made.text
    assert "1 min after the confirmation, only of incidents longer than 5 min" in made.text
    assert (await stored(sending, made))["email"] == "a@example.net, b@example.net"
    row = next(row for row in (await browser.open(LIST)).tables()[0] if "a@example.net" in row[0])
    assert row[1:] == ["customer Example Customer", row[2], "none so far"]


@pytest.mark.parametrize(
    ("type_", "values", "field", "words"),
    [
        ("email", {"to": "nobody"}, "to", "must be an e-mail address"),
        ("email", {"to": ""}, "to", "must have an e-mail address"),
        ("email", {"to": "a@example.net", "delay": "soon"}, "delay", "must be a whole number"),
        ("email", {"to": "a@example.net", "shortest": "700000"}, "shortest", "must be from 0 to 604800"),
        ("sms", {"to": "12"}, "to", "must be a phone number"),
        ("webhook", {"url": "ftp://example.com"}, "url", "must be an http or https URL"),
        ("webhook", {"url": "http://192.168.0.7/"}, "url", "must not lead to a private address"),
        ("webhook", {"url": "http://127.0.0.1/", "timeout": "long"}, "timeout", "must be a number of seconds"),
        (
            "webhook",
            {"url": "http://127.0.0.1/", "body_template": "[" * 9000, "delay": "x"},
            "delay",
            "must",
        ),
        ("webhook", {"url": "http://127.0.0.1/", "headers": "nonsense"}, "headers", "one header a line"),
        ("webhook", {"url": "http://127.0.0.1/", "expected_status_codes": "ok"}, "expected_status_codes", "must be"),
        ("slack", {"webhook_url": "https://example.com/"}, "webhook_url", "not what Slack gives out"),
    ],
)
async def test_a_wrong_value_is_named_beside_its_field(
    browser: Browser, type_: str, values: dict[str, str], field: str, words: str
) -> None:
    page = await save(browser, type_, **values)
    assert page.status == 400
    assert words in page.id(f"wrong-{field}").text
    kept = {name: [value] for name, value in values.items() if name != "webhook_url"}
    assert page.form(NEW).fields.items() >= kept.items()


async def test_a_secret_is_never_sent_back_and_need_not_be_typed_again(sending: Api, browser: Browser) -> None:
    values = {"url": "http://127.0.0.1:9/", "secret": SECRET, "headers": f"Authorization: Bearer {SECRET}\nX-A: b"}
    refused = await save(browser, "webhook", timeout="long", **values)
    assert SECRET not in refused.html
    assert refused.form(NEW).fields["headers"] == ["Authorization: ********\nX-A: b"]
    again = await send(browser, refused, NEW, timeout="7", headers="Authorization: ********\nX-A: b")
    assert await stored(sending, again) == {
        "url": "http://127.0.0.1:9/",
        "secret": SECRET,
        "headers": {"Authorization": f"Bearer {SECRET}", "X-A": "b"},
        "timeout": 7.0,
    }


async def test_what_one_person_typed_is_of_no_use_to_another(sending: Api, browser: Browser) -> None:
    sealed = (await save(browser, "slack", webhook_url=SLACK, delay="x")).form(NEW).fields["sealed"][0]
    async with browsing_as(sending, Role.ADMIN) as other:
        page = await save(other, "slack", sealed=sealed)
    assert (page.status, "webhook_url" in page.html) == (400, True)


async def test_a_stored_secret_is_kept_replaced_and_removed(sending: Api, browser: Browser) -> None:
    made = await save(browser, "webhook", url="http://127.0.0.1:9/", secret=SECRET, headers="Authorization: a")
    edit = made.path.partition("?")[0] + "/edit"
    for values, expected in (
        ({}, (SECRET, {"Authorization": "a"})),
        ({"secret": "other-secret"}, ("other-secret", {"Authorization": "a"})),
        ({"forget_secret": "on", "headers": ""}, (None, None)),
    ):
        form = await browser.open(edit)
        assert SECRET not in form.html
        assert form.form(edit).fields["headers"] == ["Authorization: ********"]
        done = await send(browser, form, edit, **values)
        assert "The channel is changed." in done.text
        config = await stored(sending, done)
        assert (config.get("secret"), config.get("headers")) == expected
    assert "forget_secret" not in (await browser.open(edit)).form(edit).names


async def test_a_change_that_somebody_else_made_meanwhile_is_not_overwritten_unseen(
    sending: Api, browser: Browser
) -> None:
    made = await save(browser, "email", to="a@example.net")
    edit = made.path.partition("?")[0] + "/edit"
    form = await browser.open(edit)
    await browser.submit(form, edit, to="b@example.net")
    stale = await browser.submit(form, edit, to="c@example.net")
    assert (stale.status, "Somebody changed this channel" in stale.text) == (409, True)
    assert stale.form(edit).fields["to"] == ["c@example.net"]
    assert (await stored(sending, made))["email"] == "b@example.net"
    assert (await browser.submit(stale, edit)).path.endswith("?done=changed")


async def test_a_test_shows_request_and_answer_without_secrets(browser: Browser, hook: WebhookSink) -> None:
    hook.answers, hook.body = [500], b'{"problem": "disk full"}'
    url = hook.url + "?key=of-the-url"
    form = await browser.open(f"{NEW}?type=webhook")
    tried = await try_out(browser, form, NEW, name="N", url=url, secret=SECRET, headers=f"Authorization: {SECRET}")
    box = tried.id("tried")
    assert tried.status == 200
    assert hook.received[0].signed_with(SECRET)
    assert "The test failed" in box.text
    assert "It failed there. Try again in a moment" in box.text
    assert "POST http://127.0.0.1" in box.text
    assert "Authorization: ********" in box.text
    assert "500 Internal Server Error after" in box.text
    assert "disk full" in box.text
    assert SECRET not in tried.html
    assert "of-the-url" not in box.text
    assert tried.form(NEW).fields["url"] == [url]
    saved = await browser.submit(tried, NEW)
    assert saved.path.endswith("?done=created")


async def test_a_test_of_an_email_shows_the_mail_and_what_the_relay_said(browser: Browser, mail: SmtpSink) -> None:
    made = await save(browser, "email", to="tried@example.net")
    one = made.path.partition("?")[0]
    tried = await browser.submit(made, f"{one}/test")
    assert tried.status == 200
    text = tried.id("tried").text
    assert "The test was accepted" in text
    assert "Message to tried@example.net" in text
    assert "250" in text
    assert len(mail.to("tried@example.net")) == 1


async def test_a_test_that_cannot_be_sent_says_what_to_do(browser: Browser) -> None:
    form = await browser.open(f"{NEW}?type=sms")
    text = (await try_out(browser, form, NEW, name="N", to="+4930123456")).id("tried").text
    assert "Whoever runs it sets MAILPROBE_SMS_URL" in text
    refused = await browser.open(f"{NEW}?type=webhook")
    text = (await try_out(browser, refused, NEW, name="N", url="http://127.0.0.1:1/")).id("tried").text
    assert "Nothing answers at this host and port." in text
    assert "There was none." in text


async def test_values_are_tried_in_place_of_the_stored_ones(browser: Browser, hook: WebhookSink) -> None:
    made = await save(browser, "webhook", url="http://127.0.0.1:1/", secret=SECRET)
    edit = made.path.partition("?")[0] + "/edit"
    tried = await try_out(browser, await browser.open(edit), edit, url=hook.url)
    assert "The test was accepted" in tried.text
    assert hook.received[0].signed_with(SECRET)


async def test_the_page_shows_deliveries_and_filters_them(sending: Api, browser: Browser) -> None:
    channel, found = await new_channel(sending), await new_outage(sending)
    one = f"{LIST}/{channel['id']}"
    assert "Nothing was sent through this channel so far." in (await browser.open(one)).text
    await deliver(sending, channel, found, "450 try later", None)
    await deliver(sending, channel, None, "550 no such user", title="A location is silent", state="failed")
    page = await browser.open(one)
    assert page.links["Outbound SMTP"] == f"/incidents/{found.incident.public_id}"
    rows = page.tables()[0][1:]
    assert [row[1].split(" to ")[0] for row in rows] == ["A location is silent", "Outbound SMTP opened"]
    assert ("2 attempts" in rows[1][3], "450 try later" in rows[1][3]) == (True, True)
    failed = await browser.submit(page, one, state="failed")
    assert [row[2] for row in failed.tables()[0][1:]] == ["failed for good 550 no such user"]
    listed = next(row for row in (await browser.open(LIST)).tables()[0] if "failed for good" in row[3])
    assert "550 no such user" in listed[3]


async def test_deliveries_are_read_page_by_page(sending: Api, browser: Browser) -> None:
    channel = await new_channel(sending)
    for number in range(30):
        await deliver(sending, channel, None, title=f"N{number}")
    first = await browser.open(f"{LIST}/{channel['id']}")
    second = await browser.open(first.links["Older"])
    assert [len(page.tables()[0]) - 1 for page in (first, second)] == [25, 5]


async def test_before_a_channel_ends_its_page_says_what_that_does(sending: Api, browser: Browser) -> None:
    await sending.value("DELETE FROM notification_channel")
    made = await save(browser, "email", to="a@example.net", customer=CUSTOMER)
    one = made.path.partition("?")[0]
    await deliver(sending, {"id": one.rpartition("/")[2]}, None, title="N", state="waiting")
    told = await browser.open(f"{one}/delete")
    assert "No other active channel is notified of the same." in told.text
    assert "1 notification that waits to be sent will not be sent." in told.text
    await save(browser, "email", to="b@example.net")
    assert "Still notified of the same: On call E-mail" in (await browser.open(f"{one}/disable")).text
    disabled = await browser.submit(await browser.open(f"{one}/disable"), f"{one}/disable")
    assert "nothing is sent through it" in disabled.text
    assert "The channel is enabled" in (await browser.submit(disabled, f"{one}/enable")).text
    gone = await browser.submit(told, f"{one}/delete")
    assert "The channel is deleted." in gone.text
    assert (await browser.open(one)).status == 404


async def test_who_is_limited_to_customers_manages_their_channels_only(sending: Api) -> None:
    async with browsing_as(sending, Role.ADMIN) as browser:
        others = await save(browser, "email", to="other@example.net", customer=OTHER_CUSTOMER)
    async with browsing_as(sending, Role.ADMIN, customers=[sending.customer]) as limited:
        form = (await limited.open(f"{NEW}?type=email")).form(NEW)
        assert [each.attributes["value"] for each in form.element.one(id="customer").all("option")] == [CUSTOMER]
        assert (await save(limited, "email", to="own@example.net")).path.endswith("?done=created")
        shown = (await limited.open(LIST)).text
        assert ("own@example.net" in shown, "other@example.net" in shown) == (True, False)
        for rest in ("", "/edit", "/delete", "/disable"):
            assert (await limited.open(others.path.partition("?")[0] + rest)).status == 404
