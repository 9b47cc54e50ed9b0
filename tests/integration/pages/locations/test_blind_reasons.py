"""The page of a location names why its checks showed nothing, with counts, and the next step for each reason."""

from __future__ import annotations

from typing import Any

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import Element, Page, browsing_as
from tests.integration.pages.locations.test_locations_page import beat, blind, locations

__all__ = ["locations"]

DAY = 86_400


async def result(api: Api, monitor: dict[str, Any], kind: str, source: str, *, ago: float, number: int = 1) -> None:
    """Checks at the location `us` that showed nothing, some seconds ago."""
    await api.value(
        "INSERT INTO result (monitor_id, due_at, location_id, purpose, status, duration_ms, started_at, agent, failure,"
        " phases) SELECT $1, now() - make_interval(secs => $2 + n), id, 'scheduled',"
        " CASE WHEN $4 = 'target' THEN 'failure' ELSE 'unknown' END::check_status, 1, now(), 'a',"
        " json_build_object('kind', $3::text, 'source', $4::text), '[]'"
        " FROM location, generate_series(1, $5::int) AS n WHERE code = 'us'",
        *(monitor["id"], ago, kind, source, number),
    )


async def shown(api: Api) -> Page:
    await beat(api, "us")
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        return await browser.open("/locations/us")


def reasons(page: Page) -> list[Element]:
    [section] = page.main.all("section", **{"aria-labelledby": "blind-reasons"})
    return section.all("li")


async def test_the_most_frequent_reason_comes_first_with_its_count_and_next_step(api: Api) -> None:
    monitor = await api.create(name="Inside")
    await blind(api, "us", "agent", since=7200, until=-30)
    await blind(api, "us", "no_agent", since=90_000, until=3600)
    await result(api, monitor, "address_forbidden", "agent", ago=60, number=9)
    await result(api, monitor, "unreachable", "agent", ago=600, number=2)
    await result(api, monitor, "refused", "target", ago=900, number=20)
    found = [one.text for one in reasons(await shown(api))]
    assert [" ".join(text.split()[:2]) for text in found] == ["9 checks", "7 checks", "2 checks"]
    assert "not public" in found[0]
    assert "MAILPROBE_ALLOW_NETWORKS" in found[0]
    assert "No agent of the location was connected" in found[1]
    assert " since " in found[1]
    assert "no route to the server" in found[2]


async def test_a_reason_leads_to_the_help_about_it(api: Api) -> None:
    await blind(api, "us", "agent", since=7200, until=-30)
    await result(api, await api.create(name="Inside"), "address_forbidden", "agent", ago=60)
    [one] = reasons(await shown(api))
    assert one.one("a").attributes["href"].endswith("/help/address-forbidden")


async def test_results_before_the_blind_periods_of_the_day_do_not_count(api: Api) -> None:
    await blind(api, "us", "resolver", since=2 * DAY, until=-30)
    monitor = await api.create(name="Any")
    await result(api, monitor, "dns_error", "resolver", ago=DAY + 3600, number=5)
    await result(api, monitor, "dns_error", "resolver", ago=60, number=1)
    [one] = reasons(await shown(api))
    assert one.text.startswith("1 check :")
    assert "mailprobe-agent doctor" in one.text


async def test_a_blind_period_whose_results_are_gone_still_says_whose_fault_it_was(api: Api) -> None:
    await blind(api, "us", "agent", since=7200, until=-30)
    [one] = reasons(await shown(api))
    assert one.text.startswith("7 checks : The agent, its machine or its network was at fault.")


@pytest.mark.parametrize("others", [False, True], ids=["never blind", "another location is"])
async def test_a_location_that_was_not_blind_has_no_such_list(api: Api, others: bool) -> None:
    if others:
        await blind(api, "de-nbg", "no_agent", since=7200, until=3600)
    assert "Why checks showed nothing" not in (await shown(api)).text
