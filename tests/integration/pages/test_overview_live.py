"""Pieces of an open overview that changed."""

from __future__ import annotations

from uuid import UUID

import pytest

from controller.errors import InvalidError
from controller.http.services import Services
from controller.model import Principal, Role
from controller.pages.overview.live import OverviewPatch, OverviewScreen, overview_patch
from tests.integration.api.conftest import Api
from tests.integration.api.outages import make_locations, outage
from tests.integration.api.people import organization_of
from tests.integration.pages.browser import browsing_as
from tests.integration.pages.listed import latest, monitor, nothing_there, verdict

__all__ = ["nothing_there"]


async def patch(
    api: Api,
    query: str = "",
    *,
    monitors: list[str] | None = None,
    head: bool = True,
    screen: OverviewScreen | None = None,
    role: Role = Role.USER,
) -> OverviewPatch:
    services: Services = api.application.state.services
    principal = Principal(works_in=await organization_of(api, "Ours"), role=role, account_id=1)
    ids = [UUID(one) for one in monitors or []]
    return await overview_patch(services, principal, query, "/base", "token", monitors=ids, head=head, screen=screen)


async def test_a_row_is_drawn_as_on_the_page(api: Api) -> None:
    one, other = await monitor(api, "One"), await monitor(api, "Other")
    await latest(api, one, "de-nbg")
    first = await patch(api)
    assert first.screen.monitors == {UUID(one), UUID(other)}
    assert set(first.elements) == {"overview-head"}
    await verdict(api, one, "down")
    second = await patch(api, monitors=[one], head=False, screen=first.screen)
    assert (set(second.elements), second.on_page, second.stale) == ({f"m-{one}"}, None, False)
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/")
    assert second.elements[f"m-{one}"].replace("/base", "") in page.html


async def test_the_head_says_what_is_wrong_and_keeps_the_token_of_its_forms(api: Api) -> None:
    made = await api.create(name="One")
    screen = (await patch(api)).screen
    await outage(api, made)
    await verdict(api, made["publicId"], "down")
    found = await patch(api, screen=screen)
    head = found.elements["overview-head"]
    assert head.startswith('<section id="overview-head"')
    assert 'value="token"' in head
    assert 'action="/base/incidents/' in head
    assert "/acknowledge" not in (await patch(api, screen=screen, role=Role.READONLY)).elements["overview-head"]


async def test_monitors_that_match_now_are_named_and_no_row(api: Api) -> None:
    one = await monitor(api, "One")
    screen = (await patch(api, "state=down")).screen
    await verdict(api, one, "down")
    found = await patch(api, "state=down", monitors=[one], screen=screen)
    assert found.on_page == frozenset({UUID(one)})
    assert not found.screen.monitors
    assert set(found.elements) == {"overview-head"}


async def test_a_new_country_or_a_deleted_monitor_makes_the_page_stale(api: Api) -> None:
    one = await monitor(api, "One")
    await latest(api, one, "de-nbg")
    screen = (await patch(api)).screen
    await latest(api, one, "fi-hel")
    assert (await patch(api, monitors=[one], head=False, screen=screen)).stale
    await api.value("UPDATE monitor SET deleted_at = now()")
    assert (await patch(api, monitors=[one], head=False, screen=screen)).stale


async def test_a_query_that_the_page_refuses_is_refused(api: Api) -> None:
    await make_locations(api)
    with pytest.raises(InvalidError):
        await patch(api, "state=broken")
