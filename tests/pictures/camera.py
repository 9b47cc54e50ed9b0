"""Takes pictures of views: light and dark on a desk, light on a phone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.browser.browser import Browser
from tests.browser.emulation import PHONE
from tests.pictures.png import read, with_palette
from tests.pictures.views import Small, View
from tests.pictures.worlds import World
from tests.system.product import eventually

DESK = 1280
SESSION_COOKIE = "mailprobe_session"
_HEIGHT = 900
_WALL = (1920, 1080)


class Style(NamedTuple):
    name: str
    width: int
    dark: bool


STYLES = (Style("light", DESK, dark=False), Style("dark", DESK, dark=True), Style("phone", PHONE, dark=False))

_SMALL = 0.7
_TOP = "return document.querySelector(arguments[0]).getBoundingClientRect().top + scrollY - 12"
_PAINT = "return performance.getEntriesByName('first-contentful-paint').map((paint) => paint.startTime)"


def take(browser: Browser, url: str, world: World, views: Iterable[View], folder: Path) -> None:
    """Write `view-style.png` of each view and style."""
    for view in views:
        for style in STYLES:
            browser.emulation.media(dark=style.dark, still=True)
            size = _WALL if view.wall and style.width == DESK else (style.width, _HEIGHT)
            browser.emulation.width(*size, touch=style.width < DESK)
            visit(browser, url, world, view)
            (folder / f"{view.name}-{style.name}.png").write_bytes(browser.picture())


def take_small(browser: Browser, url: str, world: World, small: Small, path: Path) -> None:
    """Write a small picture of a part of a page, for documents."""
    browser.emulation.media(still=True)
    browser.emulation.width(DESK, _HEIGHT, touch=False)
    visit(browser, url, world, small.view)
    top = browser.value(_TOP, small.below) if small.below else 0
    path.write_bytes(with_palette(read(browser.picture(top=top, height=small.height, scale=_SMALL))))


def visit(browser: Browser, url: str, world: World, view: View) -> None:
    """Open a view, logged in or not as it requires."""
    log_in(browser, url, None if view.outside else world.cookie)
    browser.open(url + view.path(world))


def log_in(browser: Browser, url: str, cookie: str | None) -> None:
    """Be the person of this session at that site; None is nobody."""
    browser.open("about:blank")  # an open page would notice that it is logged out
    browser.session.devtools("Network.clearBrowserCookies")
    if cookie is not None:
        browser.take(url, SESSION_COOKIE, cookie)


def first_paint_ms(browser: Browser, url: str, world: World, path: str) -> float:
    """When a page shows its first content after the navigation began, with nothing of it in the cache."""
    log_in(browser, url, world.cookie)
    browser.session.devtools("Network.clearBrowserCache")
    browser.open(url + path)
    return float(eventually(lambda: browser.value(_PAINT), "the first paint")[0])
