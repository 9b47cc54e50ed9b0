"""Pages that stay true by themselves: in eight tabs over one stream, and over a stop of the controller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import msgspec

from controller.model import Role
from controller.streaming.subscription import Bounds
from shared.nats.bus import Bus
from tests.browser.browser import ESCAPE, Browser
from tests.browser.people import SESSION_COOKIE
from tests.browser.watching import Watch
from tests.fakes.ports import free_port
from tests.integration.api.conftest import Api, api, module_bus, module_database_url
from tests.integration.api.people import organization_of, person
from tests.integration.api.stream.stream_client import StreamClient, a_verdict, open_streams
from tests.integration.pages.listed import latest, monitor, nothing_there, verdict

__all__ = ["api", "module_bus", "module_database_url", "nothing_there"]

_TABS = 8
_STATE = "return document.querySelector(arguments[0])?.innerText"
_BANNER = "return document.getElementById('live-banner').hidden ? '' : document.getElementById('live-banner').innerText"


@dataclass
class Desk:
    """A browser that is logged in, and the controller whose pages it shows."""

    api: Api
    bus: Bus
    browser: Browser
    port: int
    streams: StreamClient

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self, path: str = "/") -> None:
        await asyncio.to_thread(self.browser.open, self.url + path)

    async def value(self, script: str, *arguments: object) -> object:
        return await asyncio.to_thread(self.browser.value, script, *arguments)

    async def go(self, tab: str) -> None:
        """Bring this tab to the front."""
        await asyncio.to_thread(setattr, self.browser, "tab", tab)

    async def press(self, *keys: str) -> None:
        await asyncio.to_thread(self.browser.press, *keys)

    async def judge(self, public_id: str, state: str) -> None:
        await verdict(self.api, public_id, state, ago="0 s")
        await self.streams.publish(msgspec.structs.replace(a_verdict(), monitor_id=UUID(public_id)))

    async def shows(self, public_id: str, state: str) -> None:
        await until(lambda: self._shows(public_id, state), f"{public_id} is {state}")

    async def _shows(self, public_id: str, state: str) -> bool:
        return await self.value(_STATE, f"#m-{public_id} td") == state

    async def live(self) -> None:
        await until(lambda: self._says("Live, as of"), "live")

    async def _says(self, words: str) -> bool:
        return words in str(await self.value("return document.getElementById('as-of').innerText"))


async def until(holds: Callable[[], Awaitable[object]], what: str, seconds: float = 120.0) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not await holds():
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None


@asynccontextmanager
async def controller(api: Api, bus: Bus, port: int) -> AsyncIterator[StreamClient]:
    async with open_streams(api, bus, bounds=Bounds(pace_seconds=1.0), port=port) as streams:
        yield streams


@asynccontextmanager
async def desk(api: Api, bus: Bus, browser: Browser, watch: Watch) -> AsyncIterator[tuple[Desk, AsyncExitStack]]:
    """The second value ends the controller when it is closed."""
    port = free_port()
    user = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
    async with AsyncExitStack() as running:
        streams = await running.enter_async_context(controller(api, bus, port))
        found = Desk(api, bus, browser, port, streams)
        watch.hosts.add(f"127.0.0.1:{port}")
        await found.open("/login")
        cookie = user.headers["Cookie"].partition("=")[2]
        await asyncio.to_thread(browser.take, f"http://127.0.0.1:{port}", SESSION_COOKIE, cookie)
        yield found, running
        await asyncio.to_thread(browser.open, "about:blank")


async def _up(api: Api, name: str) -> str:
    public_id = await monitor(api, name)
    await verdict(api, public_id, "up")
    await latest(api, public_id, "de-nbg")
    return public_id


async def test_eight_tabs_share_one_stream(api: Api, bus: Bus, browser: Browser, watch: Watch) -> None:
    async with desk(api, bus, browser, watch) as (here, _):
        made = await _up(api, "First")
        blank = browser.tab
        opened = []
        for number in range(_TABS):
            opened.append(await asyncio.to_thread(lambda: browser.session.post("window/new", type="tab")["handle"]))
            await here.go(opened[-1])
            await here.open(f"/?sort={'name' if number == 3 else 'worst'}")
            await here.live()
        await until(lambda: _count(here, 1), "one stream")
        for state in ("down", "up"):
            await here.judge(made, state)
            await _all_show(here, opened, made, state)
        # The tab that reads the stream is closed; another goes on with it.
        await here.go(opened.pop(0))
        await asyncio.to_thread(browser.session.delete, "window")
        await here.judge(made, "down")
        await _all_show(here, opened, made, "down")
        await until(lambda: _count(here, 1), "one stream")
        await here.go(blank)


async def _all_show(here: Desk, tabs: list[str], public_id: str, state: str) -> None:
    for tab in tabs:
        await here.go(tab)
        await here.shows(public_id, state)
        await until(lambda: _titled(here, down=state == "down"), "the title")


async def _titled(here: Desk, *, down: bool) -> bool:
    return str(await here.value("return document.title")).startswith("▼1 down") == down


async def _count(here: Desk, streams: int) -> bool:
    return len(here.streams.hub.streams()) == streams


async def test_a_page_says_when_it_is_not_live_and_catches_up(
    api: Api, bus: Bus, browser: Browser, watch: Watch
) -> None:
    watch.expect("Failed to load resource|ERR_")
    async with desk(api, bus, browser, watch) as (here, running):
        made = await _up(api, "First")
        await here.open("/")
        await here.live()
        await running.aclose()
        await until(lambda: here.value(_BANNER), "the banner", 15)
        assert str(await here.value(_BANNER)).startswith("Not live since ")
        assert str(await here.value("return document.title")).startswith("? ")
        assert await here.value("return getComputedStyle(document.querySelector('main')).filter") == "grayscale(1)"
        await verdict(api, made, "down", ago="0 s")
        async with controller(api, bus, here.port):
            await here.shows(made, "down")
            await here.live()
            assert await here.value(_BANNER) == ""
            assert str(await here.value("return document.title")).startswith("▼1 down")


async def test_an_update_disturbs_nobody(api: Api, bus: Bus, browser: Browser, watch: Watch) -> None:
    async with desk(api, bus, browser, watch) as (here, _):
        first, second = await _up(api, "First"), await _up(api, "Second")
        await here.open("/")
        await here.live()
        await here.press("j", "j")
        assert await here.value("return document.activeElement.id") == f"m-{second}"
        await here.judge(second, "down")
        await here.shows(second, "down")
        assert await here.value("return document.activeElement.id") == f"m-{second}"
        await here.press("/", *"sec")
        await here.judge(first, "down")
        await here.shows(first, "down")
        assert await here.value("return document.activeElement.value") == "sec"
        await here.press(ESCAPE, "?")
        assert "next and previous row" in str(await here.value("return document.querySelector('dialog')?.innerText"))
        await here.press(ESCAPE, "k")
        assert str(await here.value("return document.activeElement.id")).startswith("m-")


async def test_rows_that_belong_on_the_page_are_announced(api: Api, bus: Bus, browser: Browser, watch: Watch) -> None:
    async with desk(api, bus, browser, watch) as (here, _):
        made = await _up(api, "First")
        await here.open("/?state=down")
        await here.live()
        await here.judge(made, "down")
        hint = "return document.getElementById('overview-hint').innerText"
        await until(lambda: here.value(hint), "the hint")
        assert await here.value(hint) == "1 more monitor matches. Show it"
        assert not await here.value("return document.querySelector('tbody tr')")


async def test_times_are_the_viewers_and_ages_the_servers(api: Api, bus: Bus, browser: Browser, watch: Watch) -> None:
    async with desk(api, bus, browser, watch) as (here, _):
        await asyncio.to_thread(browser.emulation.zone, "Asia/Kolkata")
        await here.open("/")
        await here.live()
        assert "+05:30" in str(await here.value("return document.getElementById('as-of').innerText"))
        assert "(+05:30)" in str(await here.value("return document.getElementById('zone').innerText"))


_BECOMES = """
const [path, done] = arguments;
const url = document.querySelector('link[rel="modulepreload"][href$="/patch.js"]').href;
const fetched = fetch(path, {headers: {Accept: "text/html; fragment"}}).then((answer) => answer.text());
Promise.all([import(url), fetched]).then(([patch, html]) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  const words = (element) => {
    const copy = element.cloneNode(true);
    for (const time of copy.querySelectorAll("time")) time.remove();
    return [...copy.querySelectorAll("h1, h2, th, td")].map((one) => one.textContent.trim());
  };
  patch.updateMain(html);
  done([words(document.getElementById("main")), words(template.content)]);
}, (error) => done([String(error), null]));
"""


async def test_a_page_becomes_whatever_it_is_now(api: Api, bus: Bus, browser: Browser, watch: Watch) -> None:
    """Pages that differ in everything stand for one that changed in everything."""
    async with desk(api, bus, browser, watch) as (here, _):
        for name in ("First", "Second", "Third"):
            await verdict(api, await _up(api, name), "down", ago="0 s")
        await here.open("/account")
        for path in (
            "/",
            "/?state=up",
            "/locations",
            "/?sort=name",
            "/incidents",
            "/account",
            "/",
            "/incidents/unpaged",
        ):
            now, expected = await asyncio.to_thread(browser.run, _BECOMES, path)
            assert now == expected, path
