"""Every view of the dashboard, in installations that are made up: on a phone, in the dark, without scripts, on paper,
and with nothing in the console.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import Callable

import pytest

from tests.browser import axe
from tests.browser.browser import Browser
from tests.browser.conftest import Exhibition
from tests.browser.emulation import PHONE, SMALLEST
from tests.browser.watching import Watch
from tests.conftest import requires
from tests.pictures import camera
from tests.pictures.camera import DESK
from tests.pictures.views import View

_WIDER = """
const root = document.documentElement;
if (root.scrollWidth <= root.clientWidth) return [];
return [...document.querySelectorAll("body *")]
  .filter((each) => each.getBoundingClientRect().right > root.clientWidth + 1 && !each.closest(".scroll, svg"))
  .slice(-3).map((each) => each.outerHTML.slice(0, 160));
"""
_CUT_FORMS = """
return [...document.forms]
  .filter((form) => getComputedStyle(form).overflowY !== "visible" && form.scrollHeight > form.clientHeight + 1)
  .map((form) => form.action)
"""
_READ = "return document.querySelector('main')?.innerText.trim() ?? ''"
_NAVIGATION = """
const found = [...document.querySelectorAll("nav:not(.counts), form, button")];
return found.filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 120));
"""


async def _each(
    browser: Browser, shown: Exhibition, watch: Watch, problems: Callable[[View], list[str]]
) -> dict[str, list[str]]:
    """What is wrong with each view of the installation, and what the watch found while it was open."""
    watch.hosts.add(shown.host)

    def look(view: View) -> list[str]:
        camera.visit(browser, shown.url, shown.world, view)
        found = problems(view)
        refused = f"status of {view.status}" if view.status != 200 else None
        return found + [one for one in watch.found() if refused is None or refused not in one]

    def all_views() -> dict[str, list[str]]:
        found = {view.name: problems for view in shown.views if (problems := look(view))}
        browser.open("about:blank")  # which closes the live stream, so that the server can stop
        return found

    return await asyncio.to_thread(all_views)


@pytest.mark.parametrize("width", [SMALLEST, DESK])
async def test_no_view_scrolls_to_the_side(browser: Browser, exhibition: Exhibition, watch: Watch, width: int) -> None:
    browser.emulation.width(width)

    def problems(view: View) -> list[str]:
        return list(browser.value(_WIDER))

    assert await _each(browser, exhibition, watch, problems) == {}


@pytest.mark.parametrize(
    ("width", "dark"),
    [
        pytest.param(DESK, False, id="light"),
        pytest.param(SMALLEST, True, id="smallest in the dark"),
        pytest.param(DESK, True, id="dark", marks=pytest.mark.long),
        pytest.param(PHONE, False, id="phone", marks=pytest.mark.long),
    ],
)
async def test_no_view_has_a_serious_barrier(
    browser: Browser, exhibition: Exhibition, watch: Watch, width: int, dark: bool
) -> None:
    requires(axe.source(), "axe (make tools)")
    browser.emulation.width(width)
    browser.emulation.media(dark=dark, still=True)
    assert await _each(browser, exhibition, watch, lambda _view: axe.barriers(browser)) == {}


async def test_every_view_can_be_read_with_forced_colours(
    browser: Browser, exhibition: Exhibition, watch: Watch
) -> None:
    browser.emulation.media(forced=True)
    assert await _each(browser, exhibition, watch, lambda _view: [] if browser.value(_READ) else ["empty"]) == {}


async def test_no_form_hides_its_button_behind_a_scroll_bar_of_its_own(
    browser: Browser, exhibition: Exhibition, watch: Watch
) -> None:
    assert await _each(browser, exhibition, watch, lambda _view: browser.value(_CUT_FORMS)) == {}


async def test_every_view_can_be_read_without_scripts(browser: Browser, exhibition: Exhibition, watch: Watch) -> None:
    """It says the same as with them, except for what they would keep up to date."""
    browser.emulation.scripts(on=False)

    def problems(view: View) -> list[str]:
        headings = browser.texts("main h1")
        read = len(headings) == 1 and headings[0] and len(browser.value(_READ)) > len(headings[0])
        return [] if read else [f"headings: {headings}"]

    assert await _each(browser, exhibition, watch, problems) == {}


async def test_every_view_can_be_printed(browser: Browser, exhibition: Exhibition, watch: Watch) -> None:
    """On paper there is the content, and nothing to click."""

    def problems(view: View) -> list[str]:
        browser.emulation.media(kind="print")
        found = [] if browser.value(_READ) else ["the page is blank"]
        if not view.outside:
            found += browser.value(_NAVIGATION)
        browser.emulation.media()
        if _lines_of(browser.pdf()) < 3:
            found.append("the PDF is blank")
        return found

    assert await _each(browser, exhibition, watch, problems) == {}


def _lines_of(pdf: bytes) -> int:
    """How many pieces of text a PDF shows."""
    contents = [
        zlib.decompress(found[1])
        for found in re.finditer(rb"/FlateDecode[^>]*>>\s*stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    ]
    return sum(len(re.findall(rb"\bT[jJ]\b", content)) for content in contents)
