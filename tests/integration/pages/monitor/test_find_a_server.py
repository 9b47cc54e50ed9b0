"""From an address to a server: what was found, why, and which of it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest

from controller.model import Role
from controller.store.checks.trials import store_results
from controller.store.locations.locations import record_heartbeat
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase
from shared.wire.messages import TRIAL, CheckResult, PhaseTiming, Speaker, TranscriptLine
from shared.wire.rounds import Purpose, check_id
from shared.wire.targets import KINDS
from tests.integration.api.conftest import Api
from tests.integration.api.monitors.test_trigger import heartbeat
from tests.integration.pages.browser import Browser, Page, browsing_as

FIND = "/monitors/new/find"
ADDRESS = "alice@example.org"
GREETED = TranscriptLine(at_ms=3.0, speaker=Speaker.SERVER, text="* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready")


@pytest.fixture(autouse=True)
async def locations(api: Api) -> AsyncIterator[None]:
    """Location `de` runs trials. The domain of ADDRESS names two servers."""
    await api.value("INSERT INTO location (code, name, country_code, public_key) VALUES ('de', 'Nürnberg', 'DE', 'k')")
    beat = msgspec.structs.replace(heartbeat("de", "DE", kinds=KINDS), reads=[TRIAL])
    assert await record_heartbeat(api.database, beat)
    api.zone["_imaps._tcp.example.org"] = ["SRV 0 1 993 imap.example.org"]
    api.zone["example.org"] = ["MX 10 mx.example.org"]
    yield
    api.zone.clear()
    await api.value("DELETE FROM location")
    await api.value("DELETE FROM request_count")
    api.dispatcher.trials.clear()
    api.dispatcher.away = False


async def find(browser: Browser, address: str) -> Page:
    return await browser.submit(await browser.open(FIND), FIND, address=address)


async def answer_tries(api: Api, *failures: Failure | None) -> None:
    """Store a result for each trial that was begun, in turn."""
    for (trying, _), failure in zip(api.dispatcher.trials, failures, strict=True):
        await store_results(api.database, [result_of(trying.id, to_ms(trying.due_at), failure)])


def result_of(trial: UUID, due_ms: int, failure: Failure | None, location: str = "de") -> CheckResult:
    due_at = utc_now().fromtimestamp(due_ms / 1000, utc_now().tzinfo)
    return CheckResult(
        check_id=check_id(trial, due_ms, location, Purpose.TRIAL),
        monitor_id=trial,
        location=location,
        country=location.upper(),
        agent="a",
        purpose=Purpose.TRIAL,
        due_at=due_at,
        started_at=due_at,
        duration_ms=41.5,
        failure=failure,
        phases=[PhaseTiming(phase=Phase.CONNECT, start_ms=0.5, duration_ms=30.0)],
        address="192.0.2.25",
        facts={} if failure else {"tlsVersion": "TLSv1.3", "certificateNameValid": True},
        transcript=[GREETED],
    )


async def test_an_address_leads_to_servers_with_their_reasons_and_the_best_first(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open("/monitors/new")
        found = await browser.submit(page, FIND, address=ADDRESS)
        assert found.path.startswith(f"{FIND}/")
        assert "2 servers may be meant; 0 of 2 tried so far" in found.text
        assert "The SRV record _imaps._tcp.example.org says so (RFC 6186)." in found.text
        assert "Mail for example.org goes there: it is in its MX records." in found.text
        refused = Failure(kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT)
        await answer_tries(api, refused, None)
        done = await browser.open(found.path)
    assert "2 servers may be meant; 1 answers as expected" in done.text
    headings = [each.text for each in done.main.all("h3")]
    assert headings[0].startswith("SMTP at mx.example.org , port 25")
    assert headings[0].endswith("best")
    assert headings[1] == "IMAP at imap.example.org , port 993, TLS from the first byte"
    assert "answers, TLS 1.3, the certificate names it, offers AUTH PLAIN" in done.text
    assert "refused in connect" in done.text


async def test_a_candidate_is_used_by_a_link_that_fills_in_the_form(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        found = await find(browser, ADDRESS)
        [use] = [path for text, path in found.links.items() if text == "Use it : IMAP at imap.example.org, port 993"]
        form = (await browser.open(use)).form("/monitors/new")
        assert {name: form.fields[name] for name in ("kind", "host", "port", "tls", "user")} == {
            "kind": ["imap"],
            "host": ["imap.example.org"],
            "port": ["993"],
            "tls": ["implicit"],
            "user": [""],
        }
        [login] = [path for text, path in found.links.items() if text.startswith("Use it with a login")]
        assert (await browser.open(login)).form("/monitors/new").fields["user"] == [ADDRESS]


async def test_when_nothing_is_found_the_page_says_what_was_searched_and_what_helps(api: Api) -> None:
    api.zone.clear()
    async with browsing_as(api, Role.EDITOR) as browser:
        found = await find(browser, "alice@nowhere.example")
    assert "No server was found" in found.text
    assert "Check the spelling" in found.text
    assert "SRV records of nowhere.example" in found.text
    assert "which learns only nowhere.example" in found.text
    assert not api.dispatcher.trials


@pytest.mark.parametrize(
    ("typed", "words"),
    [("ftp://example.org", "not with ftp://"), ("two words", "must be an e-mail address"), ("a:0", "port from 1")],
)
async def test_what_cannot_be_read_is_said_at_the_field_and_stays_there(api: Api, typed: str, words: str) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.submit(await browser.open("/monitors/new"), FIND, address=typed)
    assert page.status == 400
    assert words in page.id("wrong-find").text
    assert page.form(FIND).fields["address"] == [typed]


async def test_a_password_is_refused_and_not_sent_back(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await find(browser, "imaps://alice:geheim@example.org")
    assert page.status == 400
    assert "must hold no password" in page.id("wrong-find").text
    assert "geheim" not in page.html


async def test_a_link_only_fills_in_the_field(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open(f"{FIND}?address={ADDRESS}")
    assert page.form(FIND).fields["address"] == [ADDRESS]
    assert not api.dispatcher.trials


async def test_a_password_in_a_link_is_not_sent_back(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open(f"{FIND}?address=imaps://alice:geheim@example.org")
    assert page.form(FIND).fields["address"] == [""]
    assert "geheim" not in page.html


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        pytest.param({"Sec-Fetch-Site": "cross-site"}, True, id="the browser names another site"),
        pytest.param({"Origin": "https://evil.example"}, True, id="an older browser names another origin"),
        pytest.param({}, False, id="a browser that names nothing, without the token of our form"),
    ],
)
async def test_another_site_cannot_begin_a_search(api: Api, headers: dict[str, str], token: bool) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        form = (await browser.open(FIND)).form(FIND)
        data = {"address": ADDRESS} | ({"_csrf_token": form.fields["_csrf_token"][0]} if token else {})
        answer = await browser.client.post(FIND, data=data, headers={"Accept": "text/html"} | headers)
    assert answer.status_code == 403
    assert not api.dispatcher.trials


async def test_too_many_searches_are_refused_at_the_field(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        for _ in range(10):
            assert (await find(browser, "mail.example.org:993")).status == 200
        page = await find(browser, "mail.example.org:993")
    assert page.status == 429
    assert "Try again in" in page.id("wrong-find").text


async def test_who_may_not_make_monitors_finds_no_servers_and_others_see_no_discovery_of_ours(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        path = (await find(browser, ADDRESS)).path
    async with browsing_as(api, Role.READONLY) as browser:
        assert (await browser.open(FIND)).status == 403
        assert (await browser.post(FIND, address=ADDRESS)).status == 403
    async with browsing_as(api, Role.EDITOR, organization="Strange") as browser:
        assert (await browser.open(path)).status == 404


async def test_without_nats_the_servers_are_shown_untried(api: Api) -> None:
    api.dispatcher.away = True
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await find(browser, ADDRESS)
    assert "not tried: NATS does not answer" in page.text
    assert "none answer as expected" in page.text
