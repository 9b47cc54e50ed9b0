"""The page of a monitor links to those on which it depends, and to those that depend on it."""

from __future__ import annotations

from controller.model import Role
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import browsing_as


async def test_a_monitor_links_to_its_parents_and_children(api: Api) -> None:
    parent = (await api.create(name="Router of the rack"))["publicId"]
    child = (await api.create(name="Mail behind it"))["publicId"]
    answer = await api.client.put(f"/api/v1/monitors/{child}/dependencies", json={"dependsOn": [parent]})
    assert answer.status_code == 200
    async with browsing_as(api, Role.READONLY, customers=[api.customer]) as browser:
        page = await browser.open(f"/monitors/{child}")
        assert "Nobody is notified of it while one of these is down: Router of the rack" in page.text
        assert page.links["Router of the rack"] == f"/monitors/{parent}"
        page = await browser.open(f"/monitors/{parent}")
        assert "While it is down, nobody is notified of these: Mail behind it" in page.text
        assert page.links["Mail behind it"] == f"/monitors/{child}"
