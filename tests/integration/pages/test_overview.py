"""The overview: what is wrong first, then monitors, for those who may see them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.model import Role
from controller.model.dependencies import Dependency
from controller.pipeline.ops.health import DependencyHealth
from shared.clock import utc_now
from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER, Api
from tests.integration.api.outages import outage
from tests.integration.pages.browser import FRAGMENT, Page, browsing_as
from tests.integration.pages.listed import latest, monitor, nothing_there, verdict

__all__ = ["nothing_there"]


def rows(page: Page) -> list[list[str]]:
    tables = page.tables()
    return tables[0][1:] if tables else []


async def test_without_monitors_it_shows_the_steps_to_the_first_one(api: Api) -> None:
    async with browsing_as(api, Role.EDITOR) as browser:
        page = await browser.open("/")
        assert (page.status, page.title) == (200, "Overview – Mailprobe")
        assert page.headings == ["Welcome", "1. Who checks", "2. What is checked", "3. Where you see it"]
        assert page.form("/monitors/new").fields["kind"] == ["smtp"]
        assert "ready" in page.text


async def test_who_may_only_read_gets_no_form(api: Api) -> None:
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open("/")
        assert "You may read only" in page.text
        assert "/monitors/new" not in page.html
        assert (await browser.open("/monitors/new")).status == 403


async def test_who_was_given_no_customer_is_told_so(api: Api) -> None:
    """There are monitors, but none for this account."""
    await monitor(api, "Relay")
    async with browsing_as(api, Role.READONLY, customers=[]) as browser:
        page = await browser.open("/")
    assert "none was so far" in page.text
    assert "makes the first monitor" not in page.text


async def test_when_all_is_well_one_sentence_says_so(api: Api) -> None:
    for name in ("One", "Two"):
        public_id = await monitor(api, name)
        await verdict(api, public_id, "up")
        await latest(api, public_id, "de-nbg")
    await monitor(api, "Three", status="maintenance")
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/")
    assert "All 2 monitors are up, seen from 2 countries. 1 other is in maintenance or disabled." in page.text
    assert page.title == "Overview – Mailprobe"
    assert page.main.attributes["data-down"] == "0"
    head = page.id("overview-head")
    assert not head.all("h2")
    assert [each.text for each in head.all("a")] == ["2 up", "1 maintenance"]


async def test_a_database_that_stores_nothing_stands_above_what_may_be_old(api: Api) -> None:
    await verdict(api, await monitor(api, "One"), "up")
    health: DependencyHealth = api.application.state.services.health
    health.failing(Dependency.DATABASE, "PostgreSQL has no space left on its disk")
    try:
        async with browsing_as(api, Role.USER) as browser:
            page = await browser.open("/")
    finally:
        health.working(Dependency.DATABASE)
    assert "PostgreSQL has no space left on its disk" in page.id("overview-head").text
    assert "is up, seen from" not in page.text


async def test_rows_come_worst_first_with_what_each_country_finds(api: Api) -> None:
    good, bad, _ = [await monitor(api, name) for name in ("Good", "Bad", "Fresh")]
    await verdict(api, good, "up")
    await verdict(api, bad, "down", reason="refused everywhere")
    await latest(api, good, "de-nbg")
    await latest(api, good, "fi-hel", ms=1230)
    await latest(api, bad, "de-nbg", failure="certificate_expired")
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/")
    assert page.title == "▼1 down – Mailprobe"
    assert page.tables()[0][0][:3] == ["State", "Monitor", "DE"]
    assert [row[:2] for row in rows(page)] == [
        ["down", "Bad SMTP smtp.example.com:25 · Example Customer"],
        ["unknown", "Fresh SMTP smtp.example.com:25 · Example Customer"],
        ["up", "Good SMTP smtp.example.com:25 · Example Customer"],
    ]
    assert [row[2:5] for row in rows(page)] == [
        ["DE cert expired", "FI –", "0 %"],
        ["DE –", "FI –", "–"],
        ["DE 23 ms", "FI 1.23 s", "100 %"],
    ]
    bar = page.id(f"m-{bad}").one("svg")
    assert bar.attributes["aria-label"].startswith("24 h: 4")
    assert "refused everywhere" in bar.attributes["data-why"]
    assert page.id(f"m-{good}").one("th").one("a").attributes["href"] == f"/monitors/{good}"


async def test_open_incidents_stand_first_and_can_be_acknowledged(api: Api) -> None:
    made = await api.create(name="Mail")
    found = await outage(api, made, began=utc_now() - timedelta(minutes=12))
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/?sort=name")
        head = page.id("overview-head")
        assert head.one("h2").text == "1 open incident"
        assert "for 12 min" in head.text
        assert "nobody has it" in head.text
        assert "fails from DE, FI (everywhere)" in head.text
        form = page.form(f"/incidents/{found.incident.public_id}/acknowledge")
        assert form.fields["next"] == ["/?sort=name"]
        await api.value(
            "WITH one AS (UPDATE incident SET acknowledged_at = now(), acknowledged_by = 'ann@example.com'"
            " WHERE id = $1 RETURNING id) INSERT INTO"
            " incident_change (incident_id, kind, severity, reason, done_by) SELECT id, 'acknowledged', 'down', '',"
            " 'ann@example.com' FROM one",
            found.incident.id,
        )
        page = await browser.open("/")
        assert "ann@example.com has it" in page.id("overview-head").text
        assert not [form for form in page.forms if form.action.endswith("/acknowledge")]
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open("/")
        assert "ann@example.com has it" in page.text


async def test_who_may_not_handle_incidents_sees_no_button(api: Api) -> None:
    await outage(api, await api.create(name="Mail"))
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open("/")
    assert "nobody has it" in page.text
    assert "/acknowledge" not in page.html


async def test_what_is_wrong_with_the_installation_is_said_with_what_to_do(api: Api) -> None:
    await monitor(api, "Mail")
    await api.value(
        "UPDATE agent SET last_seen_at = now() - interval '5 minutes'"
        " WHERE location_id = (SELECT id FROM location WHERE code = 'de-nbg')"
    )
    await api.value("UPDATE schedule SET watermark = now() - interval '3 minutes'")
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/")
    head = page.id("overview-head")
    assert "Location de-nbg (de-nbg) is silent for 5 min" in page.links
    assert page.links["Location de-nbg (de-nbg) is silent for 5 min"] == "/locations#de-nbg"
    assert "Checks are not sent for 3 min" in head.text


async def test_only_the_own_customers_and_organization_are_listed(api: Api) -> None:
    await outage(api, await api.create(name="Ours"))
    await outage(api, await api.create(name="Hidden", customerId=OTHER_CUSTOMER))
    strange = await api.client.post(
        "/api/smtp-monitors",
        json={"customerId": STRANGE_CUSTOMER, "name": "Strange", "hostname": "mail.example.com"},
        headers={"Authorization": f"Bearer {api.strange_token}"},
    )
    await outage(api, strange.json())
    async with browsing_as(api, Role.USER, customers=[api.customer]) as browser:
        page = await browser.open("/")
        assert "Ours" in page.text
        assert "Hidden" not in page.html
        assert "Strange" not in page.html
        assert (await browser.open(f"/?customer={OTHER_CUSTOMER}")).status == 400
        assert (await browser.open(f"/?customer={CUSTOMER}")).status == 200


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=alp", ["Alpha"]),
        ("q=MX2", ["Beta"]),
        ("q=other+cust", ["Gamma"]),
        ("state=down", ["Beta"]),
        ("state=up,down", ["Beta", "Alpha"]),
        ("state=up&state=down&q=", ["Beta", "Alpha"]),
        ("country=FI", ["Beta"]),
        ("kind=imap", []),
        (f"customer={OTHER_CUSTOMER}", ["Gamma"]),
        ("sort=name", ["Alpha", "Beta", "Gamma"]),
        ("sort=slowest", ["Alpha", "Beta", "Gamma"]),
        ("sort=uptime", ["Beta", "Alpha", "Gamma"]),
        ("sort=incident", ["Beta", "Alpha", "Gamma"]),
        ("page=2", []),
    ],
)
async def test_filters_and_orders_are_in_the_address(api: Api, query: str, names: list[str]) -> None:
    alpha, beta = await monitor(api, "Alpha"), await api.create(name="Beta", hostname="mx2.example.com")
    await monitor(api, "Gamma", customerId=OTHER_CUSTOMER)
    await outage(api, beta)
    await verdict(api, alpha, "up")
    await verdict(api, beta["publicId"], "down")
    await latest(api, alpha, "de-nbg", ms=500)
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open(f"/?{query}")
    assert page.status == 200
    assert [row[1].split()[0] for row in rows(page)] == names


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("state=broken", "state must be any of down, partial"),
        ("country=ZZ", "country must hold ISO 3166-1"),
        ("kind=http", "kind must be one of smtp, imap, pop3"),
        ("customer=x", "customer must be the number or the UUID of a customer"),
        ("sort=best", "sort must be one of worst"),
        ("page=0", "page must be from 1"),
        ("page=1&page=2", "page must be given once"),
        ("colour=red", "colour"),
        ("q=" + "x" * 256, "q must be at most 255 characters"),
    ],
)
async def test_a_wrong_parameter_is_named_with_its_rule(api: Api, query: str, words: str) -> None:
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open(f"/?{query}")
    assert page.status == 400
    assert words in page.text


async def test_a_chip_takes_its_state_into_the_filter_and_out_of_it(api: Api) -> None:
    await verdict(api, await monitor(api, "Mail"), "up")
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/?q=mail")
        assert page.links["1 up"] == "/?q=mail&state=up"
        page = await browser.open("/?q=mail&state=up")
        assert page.links["1 up"] == "/?q=mail"
        assert page.form("/").fields == {
            "state": ["up"],
            "q": ["mail"],
            "country": [""],
            "kind": [""],
            "customer": [""],
            "label": [""],
            "sort": ["worst"],
        }


async def test_a_script_gets_only_the_main_part(api: Api) -> None:
    await monitor(api, "Mail")
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/", accept=FRAGMENT)
    assert "<html" not in page.html
    assert page.id("overview-head")
