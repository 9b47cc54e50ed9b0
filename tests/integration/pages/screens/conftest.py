"""A controller's pages, the monitors of each test, and browsers that are screens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from controller.model import Role
from tests.integration.api.conftest import Api, client_of
from tests.integration.pages.browser import Browser, Page, browsing_as
from tests.integration.pages.listed import nothing_there

__all__ = ["nothing_there"]

SETTINGS = "/settings/screens"
WALL = "/wall/screen"


async def made(browser: Browser, **fields: Any) -> str:
    """The token of a new screen, as the page shows it once."""
    page = await browser.submit(await browser.open(SETTINGS), SETTINGS, name="Hall", **fields)
    assert page.status == 201, page.text
    path, _, token = page.id("screen-url").text.partition("#screen=")
    assert path.endswith(WALL)
    return token


async def new_screen(api: Api, *, organization: str = "Ours", customers: list[int] | None = None, **fields: Any) -> str:
    async with browsing_as(api, Role.ADMIN, organization=organization, customers=customers) as browser:
        return await made(browser, **fields)


@asynccontextmanager
async def empty_screen(api: Api) -> AsyncIterator[Browser]:
    """A browser without any cookie."""
    async with client_of(api.application) as client:
        yield Browser(client)


async def entered(browser: Browser, token: str) -> Page:
    """What the browser shows after its script has sent the token."""
    return await browser.submit(await browser.open(WALL), WALL, screen=token)
