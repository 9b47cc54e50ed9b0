"""Who may not change locations sees them without a button, and is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import Browser, browsing_as

_NEW = "/locations/new"
_ACTS = ("rename", "rotate", "disable", "enable", "remove")


@pytest.fixture(autouse=True)
async def _germany(api: Api) -> AsyncIterator[None]:
    await api.value(
        "INSERT INTO location (code, name, country_code, public_key) VALUES ('de-fra', 'Germany', 'DE', 'k')"
    )
    yield
    await api.value("TRUNCATE location CASCADE")


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[Browser]:
    async with browsing_as(api, Role.ADMIN) as browser:
        yield browser


@pytest.mark.parametrize(
    ("role", "organization", "limited"),
    [
        (Role.ADMIN, "Strange", False),
        (Role.ADMIN, "Ours", True),
        (Role.USER, "Ours", False),
        (Role.READONLY, "Ours", True),
        (Role.GLOBAL_SUPPORTER, "Ours", False),
    ],
)
async def test_others_see_locations_and_no_button_and_are_refused(
    api: Api, role: Role, organization: str, limited: bool
) -> None:
    customers = [api.customer] if limited else None
    async with browsing_as(api, role, organization=organization, customers=customers) as browser:
        for path in ("/locations", "/locations/de-fra"):
            page = await browser.open(path)
            assert page.status == 200, page.text
            assert not [link for link in page.links.values() if link.startswith("/locations/de-fra/") or link == _NEW]
            assert "Enrolments" not in page.headings
        for path in (_NEW, "/locations/de-fra/waiting", *(f"/locations/de-fra/{act}" for act in _ACTS)):
            assert (await browser.open(path)).status in {403, 404}, path
        assert (await browser.post(_NEW, code="us", country="US")).status == 403
        for act in _ACTS:
            assert (await browser.post(f"/locations/de-fra/{act}")).status in {403, 404}, act
    assert await api.value("SELECT count(*) FROM location WHERE enabled AND name = 'Germany'") == 1


async def test_there_is_no_page_of_a_location_that_is_not_there(admin: Browser) -> None:
    for path in ("", "/waiting", *(f"/{act}" for act in _ACTS)):
        assert (await admin.open(f"/locations/nowhere{path}")).status == 404, path
    for act in _ACTS:
        assert (await admin.post(f"/locations/nowhere/{act}")).status == 404, act
