"""The page of a group of incidents, and taking all of them."""

from __future__ import annotations

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.api.outages import Outage, add_delivery, group_of, hold, outage
from tests.integration.pages.browser import Browser, browsing_as
from tests.integration.pages.incidents.conftest import path_of


async def _two(api: Api, burning: Outage) -> tuple[Outage, str]:
    other = await outage(api, await api.create(name="Inbound"))
    return other, f"/incident-groups/{await group_of(api, burning, other)}"


async def test_an_incident_links_to_its_group_which_links_to_each(api: Api, editor: Browser, burning: Outage) -> None:
    assert "with this cause" not in (await editor.open(path_of(burning))).text
    other, path = await _two(api, burning)
    page = await editor.open(path_of(burning))
    assert page.links["One of 2 incidents with this cause"] == path
    page = await editor.open(path)
    assert page.status == 200
    assert "2 of 2 still open" in page.text
    assert "mail.example.com" in page.text
    assert {path_of(burning), path_of(other)} <= {link.attributes.get("href") for link in page.main.all("a")}


async def test_one_button_takes_all_that_are_open(api: Api, editor: Browser, burning: Outage) -> None:
    _, path = await _two(api, burning)
    page = await editor.submit(await editor.open(path), f"{path}/acknowledge")
    assert (page.status, page.path) == (200, path)
    assert "All of them are acknowledged." in page.text
    assert not [form for form in page.forms if form.action == f"{path}/acknowledge"]
    assert await api.value("SELECT count(*) FROM incident_change WHERE kind = 'acknowledged'") == 2
    again = await editor.submit(await editor.open(path_of(burning)), f"{path_of(burning)}/comment", comment="mine")
    assert again.status == 200


async def test_who_was_notified_of_many_learns_once_who_took_them(api: Api, editor: Browser, burning: Outage) -> None:
    other, path = await _two(api, burning)
    for one in (burning, other):
        await add_delivery(api, one, "ops@example.com")
    await api.value("UPDATE delivery SET type = 'email', channel_name = NULL")
    await editor.submit(await editor.open(path), f"{path}/acknowledge")
    assert await api.value(
        "SELECT array_agg(receiver || ' ' || (notice #>> '{acknowledgement,others}')) FROM delivery"
        " WHERE notice::jsonb ? 'acknowledgement'"
    ) == ["ops@example.com 1"]


async def test_what_was_taken_for_a_while_that_is_over_is_free_again(
    api: Api, editor: Browser, burning: Outage
) -> None:
    other, path = await _two(api, burning)
    await editor.submit(await editor.open(path), f"{path}/acknowledge")
    await api.value(
        "UPDATE incident SET acknowledged_until = now() - interval '1 minute' WHERE id = $1", other.incident.id
    )
    page = await editor.open(path)
    assert "1 not acknowledged yet." in page.text
    page = await editor.submit(page, f"{path}/acknowledge")
    assert "All of them are acknowledged." in page.text


async def test_it_says_that_nobody_is_notified_of_what_is_held(api: Api, editor: Browser, burning: Outage) -> None:
    other, path = await _two(api, burning)
    await hold(api, other, burning)
    for page in (await editor.open(path), await editor.open(path_of(other))):
        assert "Nobody is notified of it while Outbound is down" in page.text
        assert page.links["Outbound"]
    page = await editor.open(path_of(other))
    assert "Nobody. A monitor that it depends on was down: nobody was notified. See its incident" in page.text
    assert page.links["See its incident"] == path_of(burning)
    page = await editor.open("/incidents/unpaged")
    assert "A monitor that it depends on was down: nobody was notified." in page.text
    assert page.links["the outage of a monitor that it depends on"] == path_of(burning)
    report = await api.client.get(f"/api/v1/incidents/{other.incident.public_id}")
    assert report.json()["notified"]["nobody"] == "held"
    assert report.json()["heldBy"] == str(burning.incident.public_id)
    assert "Nobody is notified of it" not in (await editor.open(path_of(burning))).text


async def test_who_may_only_read_sees_no_button_and_others_nothing(api: Api, burning: Outage) -> None:
    _, path = await _two(api, burning)
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as reader:
        page = await reader.open(path)
        assert page.status == 200
        assert not [form for form in page.forms if form.action == f"{path}/acknowledge"]
    async with browsing_as(api, Role.EDITOR, customers=[api.other_customer]) as stranger:
        assert (await stranger.open(path)).status == 404
    async with browsing_as(api, Role.EDITOR, organization="Strange") as stranger:
        assert (await stranger.open(path)).status == 404
        assert (await stranger.open("/incident-groups/nothing")).status == 404


async def test_the_list_of_incidents_links_to_causes_of_several(api: Api, editor: Browser, burning: Outage) -> None:
    page = await editor.open("/incidents")
    assert page.links["By cause"] == "/incident-groups"
    assert "No two incidents had one cause so far." in (await editor.open("/incident-groups")).text
    _, path = await _two(api, burning)
    page = await editor.open("/incident-groups?state=open")
    assert page.links["mail.example.com"] == path
    assert "2 not acknowledged" in page.text
    assert "No group is like that." in (await editor.open("/incident-groups?state=resolved")).text
    assert (await editor.open("/incident-groups?state=nothing")).status == 400
