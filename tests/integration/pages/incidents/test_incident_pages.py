"""The list of incidents, one incident, and what people do about it."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from shared.clock import utc_now
from shared.epoch import to_ms
from tests.integration.api.conftest import OTHER_CUSTOMER, Api
from tests.integration.api.outages import REASON, Outage, add_delivery, outage, recover
from tests.integration.pages.browser import FRAGMENT, Browser, Page
from tests.integration.pages.incidents.conftest import path_of


def reasons(page: Page) -> list[str]:
    return [
        row.one("a", data_open="").attributes["href"].rpartition("/")[2] for row in page.main.all("tr", data_item="")
    ]


def name(found: Outage) -> str:
    return str(found.incident.public_id)


async def test_without_incidents_the_list_says_what_makes_one(editor: Browser) -> None:
    page = await editor.open("/incidents")
    assert (page.status, page.headings) == (200, ["Incidents", "No incident so far"])
    assert "/incidents/unpaged" in page.links.values()


async def test_the_list_shows_open_incidents_first_and_then_the_newest(api: Api, editor: Browser) -> None:
    old = await outage(api, await api.create(), began=utc_now() - timedelta(hours=5))
    ended = await outage(api, await api.create(), began=utc_now() - timedelta(hours=2))
    older = await outage(api, await api.create(), began=utc_now() - timedelta(hours=3))
    for one in (ended, older):
        await recover(api, one)
    assert reasons(await editor.open("/incidents")) == [name(old), name(ended), name(older)]


async def test_a_row_says_what_since_when_and_who_has_it(api: Api, editor: Browser, burning: Outage) -> None:
    page = await editor.open("/incidents")
    [row] = page.main.all("tr", data_item="")
    assert "down" in row.text
    assert "Outbound" in row.text
    assert "SMTP smtp.example.com" in row.text
    assert REASON in row.text
    assert "5 min" in row.text
    taken = await editor.submit(page, f"{path_of(burning)}/acknowledge")
    assert taken.path == "/incidents"
    assert "Acknowledge" not in taken.text.partition("Who has it")[2]
    assert "editor-" in taken.text
    assert await api.value("SELECT acknowledged_at IS NOT NULL FROM incident")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=open", ["open", "taken"]),
        ("state=unacknowledged", ["open"]),
        ("state=acknowledged", ["taken"]),
        ("state=resolved", ["ended"]),
        ("severity=partial", ["taken"]),
        ("severity=down", ["open", "ended"]),
        (f"customer={OTHER_CUSTOMER}", ["taken"]),
        ("monitor={taken}", ["taken"]),
        ("from={yesterday}&to={yesterday}", ["ended"]),
        ("from={today}", ["open", "taken"]),
        ("state=resolved&severity=partial", []),
        ("page=2", []),
    ],
)
async def test_the_list_is_filtered_by_its_address(api: Api, editor: Browser, query: str, expected: list[str]) -> None:
    now = utc_now()
    made = {
        "open": await outage(api, await api.create(), began=now - timedelta(seconds=30)),
        "taken": await outage(api, await api.create(customerId=OTHER_CUSTOMER), began=now - timedelta(seconds=40)),
        "ended": await outage(api, await api.create(), began=now - timedelta(days=1)),
    }
    await api.value(
        "UPDATE incident SET severity = 'partial', acknowledged_at = now() WHERE id = $1", made["taken"].incident.id
    )
    await api.value(
        "UPDATE incident SET resolved_at = outage_started_at + interval '1 minute' WHERE id = $1",
        made["ended"].incident.id,
    )
    address = query.format(
        taken=made["taken"].monitor["publicId"],
        yesterday=(now - timedelta(days=1)).date(),
        today=now.date(),
    )
    page = await editor.open(f"/incidents?{address}")
    assert page.status == 200
    assert sorted(reasons(page)) == sorted(name(made[one]) for one in expected)


@pytest.mark.parametrize(
    "query",
    ["state=none", "severity=bad", "monitor=5", "customer=x", "from=yesterday", "to=9999-12-31", "page=0", "page=x"],
)
async def test_an_address_that_cannot_be_understood_says_what_is_wrong(editor: Browser, query: str) -> None:
    page = await editor.open(f"/incidents?{query}")
    assert page.status == 400
    assert query.partition("=")[0] in page.text


async def test_the_list_has_pages_of_fifty(api: Api, editor: Browser, burning: Outage) -> None:
    await api.value(
        "INSERT INTO incident (organization_id, customer_id, monitor_id, severity, reason, evidence, outage_started_at,"
        " started_at, resolved_at) SELECT organization_id, customer_id, monitor_id, severity, 'old', evidence,"
        " outage_started_at - make_interval(mins => n), started_at - make_interval(mins => n), now()"
        " FROM incident, generate_series(1, 60) AS n WHERE id = $1",
        burning.incident.id,
    )
    page = await editor.open("/incidents?severity=down")
    assert len(reasons(page)) == 50
    assert "1–50 of 61 incidents" in page.text
    following = await editor.open(page.links["Older"])
    assert len(reasons(following)) == 11
    assert "severity=down" in following.links["Newer"]


async def test_an_incident_says_in_a_sentence_what_since_when_from_where_and_who_has_it(
    editor: Browser, burning: Outage
) -> None:
    page = await editor.open(path_of(burning))
    assert page.status == 200
    assert page.title == "Down: Outbound – Mailprobe"
    assert "It is down, seen from DE, FI , since" in page.text
    assert "for 5 min" in page.text
    assert "Nobody has it yet." in page.text
    assert page.headings[1:] == [
        "Timeline",
        "What the deciding checks met",
        "DE de-nbg : cannot connect: refused",
        "FI fi-hel : cannot connect: refused",
        "Who was notified",
        "First failed checks of 4",
    ]


async def test_the_timeline_shows_every_vote_with_its_check(editor: Browser, burning: Outage) -> None:
    page = await editor.open(path_of(burning))
    summary = page.id("votes-1").one("summary").text
    assert summary.startswith("2 of 2 locations fail in the recheck of")
    [first, _] = page.id("votes-1").all("li")
    assert first.text == "DE de-nbg fails: cannot connect: refused: refused check from de-nbg what to do about de-nbg"
    vote = burning.opened.evidence
    assert vote is not None
    due = to_ms(vote.due_at)
    assert [link.attributes["href"] for link in first.all("a")] == [
        f"/monitors/{burning.monitor['publicId']}/checks/{vote.votes[0].check_id}?due={due}",
        "/help/refused",
    ]


async def test_the_deciding_checks_show_the_end_of_their_dialogue_and_what_to_do(
    editor: Browser, burning: Outage
) -> None:
    page = await editor.open(path_of(burning))
    [first, _] = page.main.all("article", class_="deciding")
    assert "192.0.2.25: connection refused" in first.text
    assert "Check that the service runs, its port, and the firewall." in first.text


async def test_it_says_prominently_that_nobody_was_notified(editor: Browser, burning: Outage) -> None:
    page = await editor.open(path_of(burning))
    [problem] = page.main.all("p", class_="problem")
    assert problem.text == "No channel is set up for this monitor: nobody was notified."


async def test_deliveries_show_receiver_state_answers_and_next_attempt(
    api: Api, editor: Browser, burning: Outage
) -> None:
    await add_delivery(api, burning, "Ops", "503 try later", None)
    await api.value("UPDATE delivery SET state = 'sent', sent_at = now(), attempts = 2")
    await add_delivery(api, burning, "Night", "timed out")
    await api.value("UPDATE delivery SET error = 'timed out', attempts = 1 WHERE channel_name = 'Night'")
    await add_delivery(api, burning, "Gone", "410 gone")
    await api.value("UPDATE delivery SET state = 'failed', error = '410 gone' WHERE channel_name = 'Gone'")
    await add_delivery(api, burning, "Short", "the outage was over")
    await api.value("UPDATE delivery SET state = 'skipped', error = 'it was over' WHERE channel_name = 'Short'")
    page = await editor.open(path_of(burning))
    assert [one.text for one in page.main.all("p", class_="problem")] == [
        "A notification failed for good : Gone was not reached."
    ]
    table = next(rows for rows in page.tables() if rows[0][0] == "To")
    assert [row[0] for row in table[1:]] == ["slack Ops", "slack Night", "slack Gone", "slack Short"]
    ops, night, gone, short = (row[2:] for row in table[1:])
    assert ops[0].startswith("sent 2 attempts")
    assert "503 try later" in ops[0]
    assert "accepted" in ops[0]
    assert night[0] == "waiting timed out"
    assert night[1].startswith("next attempt")
    assert gone[0] == "failed for good 410 gone"
    assert short[0] == "not sent it was over"


async def test_no_secret_of_a_channel_reaches_the_page(api: Api, editor: Browser, burning: Outage) -> None:
    secret = "https://hooks.example.com/services/T0AB/B0CD/xyzzy123456789abcdefgh"
    await add_delivery(api, burning, secret, f"POST {secret}: 403, token 123456789:AAFsecretsecretsecret99")
    await api.value("UPDATE delivery SET error = 'posting to ' || channel_name, channel_id = 7")
    page = await editor.open(path_of(burning))
    assert "https://hooks.example.com/…" in page.html
    for part in ("T0AB", "xyzzy", "AAFsecret"):
        assert part not in page.html


async def test_an_incident_that_is_not_there_is_not_found(editor: Browser) -> None:
    for unknown in (uuid4(), "nothing"):
        assert (await editor.open(f"/incidents/{unknown}")).status == 404


async def test_a_resolved_incident_shows_how_long_it_lasted_and_the_checks_that_passed(
    api: Api, editor: Browser, burning: Outage
) -> None:
    await recover(api, burning)
    page = await editor.open(path_of(burning))
    assert page.title == "Resolved: Outbound – Mailprobe"
    assert "It was down" in page.text
    assert "Checks that passed again of 2" in page.headings


async def test_markup_in_an_incident_stays_text(api: Api, editor: Browser, burning: Outage) -> None:
    await api.value("UPDATE incident SET reason = '<script>alert(1)</script>'")
    await api.value("UPDATE incident_change SET reason = '<b>x</b>' || chr(8238)")
    await api.value("UPDATE monitor SET name = '<img src=x>' WHERE id = $1", burning.monitor["id"])
    for address in ("/incidents", path_of(burning), "/incidents/unpaged"):
        page = await editor.open(address)
        assert "<script>alert" not in page.html
        assert "<b>x</b>" not in page.html
        assert "<img" not in page.html
        assert "\u202e" not in page.html


async def test_the_pages_refresh_as_fragments(editor: Browser, burning: Outage) -> None:
    for path in ("/incidents", path_of(burning), "/incidents/unpaged", "/locations"):
        whole, part = await editor.open(path), await editor.open(path, accept=FRAGMENT)
        assert whole.root.one("main").attributes["data-live"] == path
        assert part.root.all("main") == []
        assert part.headings == whole.headings
