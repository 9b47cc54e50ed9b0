"""The pages of the help, and the links that lead to them."""

from __future__ import annotations

import pytest

from controller.help.failure_help import help_path
from controller.model import Role
from shared.wire.failures import FailureKind
from tests.integration.api.conftest import Api
from tests.integration.pages.browser import browsing, browsing_as


async def test_a_stranger_may_read_the_help_of_a_message(api: Api) -> None:
    async with browsing(api) as browser:
        page = await browser.open("/help/login-refused")
    assert page.status == 200
    assert "The server refused user name and password." in page.text
    assert "doveadm auth test USER" in page.text
    assert not page.root.all("form", action="/logout")


async def test_somebody_who_is_logged_in_keeps_the_navigation(api: Api) -> None:
    async with browsing_as(api, Role.USER) as browser:
        page = await browser.open("/help")
    assert page.root.all("form", action="/logout")


@pytest.mark.parametrize("kind", FailureKind)
async def test_each_kind_has_its_page(api: Api, kind: FailureKind) -> None:
    async with browsing(api) as browser:
        page = await browser.open(help_path(kind))
        assert page.status == 200
        assert f"In results of the API it is called {kind.value} " in page.text
        assert (await browser.open(f"/help/{kind.value}")).status == 200


async def test_an_unknown_kind_is_not_found(api: Api) -> None:
    async with browsing(api) as browser:
        assert (await browser.open("/help/flat-tyre")).status == 404


async def test_the_list_leads_to_each_page(api: Api) -> None:
    async with browsing(api) as browser:
        page = await browser.open("/help")
    assert {link.attributes.get("href") for link in page.root.all("a")} >= {help_path(kind) for kind in FailureKind}
