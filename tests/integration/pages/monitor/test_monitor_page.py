"""The page of one monitor: how it is, why, since when, and what its checks found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from controller.model import Principal, Role
from controller.operations.maintenance.acts import begin_now
from controller.operations.maintenance.targets import WindowTargetsChange
from controller.store.checks.results import store_results
from controller.store.incidents import verdict_changes
from shared.clock import utc_now
from shared.epoch import to_ms
from shared.wire.failures import CheckWarning, WarningKind
from shared.wire.rounds import Purpose, check_id
from tests.integration.api.conftest import Api
from tests.integration.api.outages import REASON, Outage, check_result, make_locations, outage
from tests.integration.api.people import organization_of
from tests.integration.api.stored_history import BLIND, PHASES
from tests.integration.pages.browser import Browser, browsing_as

FACTS: dict[str, Any] = {
    "greeting": "mx.example.com ESMTP <script>alert(1)</script> \u202egnp",
    "capabilities": ["AUTH PLAIN LOGIN", "SIZE 1000"],
    "tlsVersion": "TLSv1.3",
    "tlsCipher": "TLS_AES_256_GCM_SHA384",
    "certificateValid": True,
    "certificateSubject": "CN=smtp.example.com",
    "certificateIssuer": "CN=Example CA",
    "certificateNames": ["smtp.example.com", "mail.example.com"],
    "certificateSerial": "1f",
    "certificateSha256": "ab" * 32,
    "certificateNotBefore": "2026-01-01T00:00:00Z",
    "certificateChainValid": True,
    "certificateNameValid": True,
}


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[Browser]:
    await make_locations(api)
    async with browsing_as(api, Role.USER) as browser:
        yield browser


def path_of(monitor: dict[str, Any]) -> str:
    return f"/monitors/{monitor['publicId']}"


async def healthy(api: Api) -> dict[str, Any]:
    """A monitor with ten passed rounds from two locations."""
    made = await api.create()
    now = utc_now().replace(microsecond=0)
    until = (now + timedelta(days=40, minutes=5)).isoformat().replace("+00:00", "Z")
    facts = FACTS | {"certificateNotAfter": until}
    results = []
    for number in range(10, 0, -1):
        due = now - timedelta(minutes=number)
        results.append(check_result(made, due, "de-nbg", phases=PHASES, facts=facts))
        results.append(check_result(made, due, "fi-hel", phases=PHASES, facts=facts | {"tlsVersion": "TLSv1.2"}))
    await store_results(api.database, results)
    return made


async def burning(api: Api) -> Outage:
    found = await outage(api, await api.create())
    async with api.database.connection() as connection:
        at = found.began + timedelta(seconds=10)
        await verdict_changes.insert(
            connection,
            UUID(found.monitor["publicId"]),
            at=at,
            verdict="down",
            previous="up",
            reason=REASON,
        )
    return found


async def test_a_new_monitor_says_that_nothing_is_known_yet(api: Api, browser: Browser) -> None:
    page = await browser.open(path_of(await api.create(name="Fresh <b>one</b>")))
    assert page.status == 200
    assert page.headings[0] == "Fresh <b>one</b>"
    assert "Not judged yet : the first verdict comes when all locations have checked once." in page.text
    for sentence in (
        "No location has checked it yet.",
        "No check ran in this time.",
        "No certificate has been found yet",
        "Nothing is stored about the server",
        "No check of this time is stored",
    ):
        assert sentence in page.text
    assert "SMTP at smtp.example.com port 25 · customer Example Customer" in page.text


async def test_an_outage_is_said_in_one_sentence_with_the_check_that_decided(api: Api, browser: Browser) -> None:
    found = await burning(api)
    page = await browser.open(path_of(found.monitor))
    sentence = page.root.one("p", class_="sentence")
    assert sentence.text.startswith("Down since ")
    assert REASON in sentence.text
    assert "DE, FI fail." in sentence.text
    recheck_ms = to_ms(found.began + timedelta(seconds=10))
    decided = check_id(UUID(found.monitor["publicId"]), recheck_ms, "de-nbg", Purpose.RECHECK)
    link = sentence.one("a").attributes["href"]
    assert link == f"{path_of(found.monitor)}/checks/{decided}?due={recheck_ms}"
    incident = page.root.one("p", class_="incident")
    assert incident.one("a").attributes["href"] == f"/incidents/{found.incident.public_id}"
    assert "Nobody has it yet." in incident.text
    places = page.root.one("ul", class_="places").all("li")
    assert places[0].text.startswith("DE de-nbg")
    spans = page.id("course").one("svg", class_="spans").all("a")
    assert [span.attributes["href"] for span in spans] == [f"/incidents/{found.incident.public_id}"]


async def test_the_incident_is_acknowledged_on_the_page_of_its_monitor(api: Api, browser: Browser) -> None:
    found = await burning(api)
    page = await browser.open(path_of(found.monitor))
    done = await browser.submit(page, f"/incidents/{found.incident.public_id}/acknowledge")
    assert "has it." in done.root.one("p", class_="incident").text
    assert not [form for form in done.forms if form.action.endswith("/acknowledge")]


async def test_who_acknowledged_the_incident_has_it(api: Api, browser: Browser) -> None:
    found = await burning(api)
    answer = await api.client.post(f"{found.path}/acknowledge", json={})
    assert answer.status_code == 200, answer.text
    text = (await browser.open(path_of(found.monitor))).root.one("p", class_="incident").text
    assert "Nobody" not in text
    assert "has it." in text


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("disabled", "Disabled : nothing is checked."),
        ("maintenance", "In maintenance until somebody ends it: checks go on"),
    ],
)
async def test_maintenance_and_disabled_are_said_in_words(
    api: Api, browser: Browser, status: str, sentence: str
) -> None:
    made = await api.create(status=status)
    assert sentence in (await browser.open(path_of(made))).text


async def test_each_window_is_a_band_that_says_what_it_did(api: Api, browser: Browser) -> None:
    """One that is gone has no name, and what still lasts ends at the right edge."""
    made = await api.create()
    now = utc_now().replace(microsecond=0)
    window = await api.value(
        "INSERT INTO maintenance_window (organization_id, name, time_zone, starts_on, ends_on, effect, expanded_until,"
        " tzdata) SELECT organization_id, 'Backups', 'UTC', now(), now() + interval '1 h', 'suspend', now(), ''"
        " FROM monitor WHERE id = $1 RETURNING id",
        made["id"],
    )
    for number, effect, begun, ended in ((window, "suspend", 3, 2), (0, "silence", 1, None)):
        await api.value(
            "INSERT INTO maintenance_time (monitor_id, from_at, to_at, window_id, effect) VALUES ($1, $2, $3, $4, $5)",
            made["id"],
            now - timedelta(hours=begun),
            None if ended is None else now - timedelta(hours=ended),
            number,
            effect,
        )
    await store_results(api.database, [check_result(made, now - timedelta(minutes=5), "de-nbg")])
    page = await browser.open(path_of(made))
    bands = page.id("course").all("rect", class_="is-maintenance") + page.id("course").all(
        "rect", class_="is-maintenance suspends"
    )
    texts = sorted(band.one("title").text for band in bands)
    assert [text.partition(",")[0] for text in texts] == ["Backups", "Maintenance"]
    assert [text.rpartition(": ")[2] for text in texts] == [
        "nothing was checked",
        "checks went on, and nobody was notified",
    ]
    assert "not ended" in texts[1]
    assert len(page.id("chart").all("path", class_="planned")) == 2


async def test_it_leads_to_the_window_that_holds(api: Api, browser: Browser) -> None:
    made = await api.create()
    who = Principal(works_in=await organization_of(api, "Ours"), role=Role.ADMIN)
    targets = WindowTargetsChange(monitors=[made["id"]])
    window = await begin_now(api.database, who, name="A disk", targets=targets, lasting=timedelta(hours=1))
    verdict = (await browser.open(path_of(made))).id("verdict")
    assert "By A disk , where it can be ended or prolonged." in verdict.text
    assert f"/maintenance/{window.public_id}" in [link.attributes["href"] for link in verdict.all("a")]


async def test_what_a_server_says_is_never_markup(api: Api, browser: Browser) -> None:
    page = await browser.open(path_of(await healthy(api)))
    assert "<script>alert(1)</script> \\u202egnp" in page.id("compare").text
    assert not page.id("compare").all("script")
    assert "\u202e" not in page.html


async def test_the_certificate_has_its_names_issuer_and_days_left(api: Api, browser: Browser) -> None:
    card = (await browser.open(path_of(await healthy(api)))).id("certificate")
    assert card.one("span", class_="is-up").text == "40 days left"
    for text in ("smtp.example.com, mail.example.com", "CN=Example CA", "trusted; the certificate names the host"):
        assert text in card.text


async def test_a_fact_that_deviates_is_marked_by_a_word(api: Api, browser: Browser) -> None:
    page = await browser.open(path_of(await healthy(api)))
    (table,) = [rows for rows in page.tables() if rows[0][0] == "Fact"]
    facts = {row[0]: row[1:] for row in table}
    assert facts["TLS version"] == ["deviates TLSv1.3", "deviates TLSv1.2"]
    assert facts["STARTTLS"] == ["not needed: TLS from the first byte"] * 2
    assert facts["Login mechanisms"] == ["LOGIN PLAIN"] * 2
    assert "2 facts deviate from the majority." in page.id("compare").text


async def test_the_log_is_filtered_and_paged_by_its_address(api: Api, browser: Browser) -> None:
    made = await api.create()
    now = utc_now().replace(microsecond=0)
    results = [
        check_result(made, now - timedelta(minutes=number), code, **({"failure": BLIND} if number == 7 else {}))
        for number in range(1, 41)
        for code in ("de-nbg", "fi-hel")
    ]
    warning = [CheckWarning(kind=WarningKind.SLOW, detail="31 ms")]
    results.append(check_result(made, now, "de-nbg", purpose=Purpose.TRIGGERED, warnings=warning))
    await store_results(api.database, results)

    first = await browser.open(path_of(made))
    rows = first.id("log").all("tr", data_item="")
    assert len(rows) == 50
    assert "passed with a warning: slow" in rows[0].text
    assert "by hand" in rows[0].text
    assert "The check passed, but took longer" in rows[0].text
    assert "← Newer" not in first.links
    second = await browser.open(path_of(made) + first.links["Older →"])
    more = second.id("log").all("tr", data_item="")
    assert len(more) == 31
    opened = [row.one("a").attributes["href"] for row in [*rows, *more]]
    assert len(set(opened)) == 81
    back = await browser.open(path_of(made) + second.links["← Newer"])
    assert [row.text for row in back.id("log").all("tr", data_item="")] == [row.text for row in rows]

    blind = await browser.open(f"{path_of(made)}?status=blind&location=fi-hel")
    (row,) = blind.id("log").all("tr", data_item="")
    assert "FI fi-hel" in row.text
    assert "could not check, the fault is ours: agent error" in row.text
    none = await browser.open(f"{path_of(made)}?purpose=recheck")
    assert "No check of this time matches these filters." in none.id("log").text


async def test_uptime_says_what_it_leaves_out(api: Api, browser: Browser) -> None:
    made = await api.create()
    now = utc_now().replace(microsecond=0)
    await api.value(
        "UPDATE monitor SET created_at = now() - interval '10 days', target_changed_at = created_at WHERE id = $1",
        made["id"],
    )
    await api.value(
        "INSERT INTO maintenance_time (monitor_id, from_at, to_at) VALUES ($1, $2, $3)",
        made["id"],
        now - timedelta(hours=3),
        now - timedelta(hours=1),
    )
    await api.value(
        "UPDATE rollup_progress SET closed_until = now() - interval '2 days', rolled_until = now() - interval '2 days'"
    )
    due = [now - timedelta(minutes=number) for number in range(60)]
    await store_results(api.database, [check_result(made, at, "de-nbg") for at in due])
    text = (await browser.open(path_of(made))).id("uptime").text
    assert "100 %" in text
    assert "2 h of maintenance" in text
    assert "without a check that counts" in text
    assert "the monitor has existed for 10 d" in text
