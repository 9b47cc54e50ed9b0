"""A wall in a real browser: a screen's token, what changes, a new version of the controller, and its memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import msgspec
import pytest

from controller.model import Role
from controller.pages.live import frames
from controller.streaming.subscription import Bounds
from shared.nats.bus import Bus, Message
from shared.wire import subjects
from tests.browser.browser import RIGHT, SPACE, Browser
from tests.browser.people import SESSION_COOKIE
from tests.browser.watching import Watch
from tests.fakes.ports import free_port
from tests.integration.api.conftest import Api, api, module_bus, module_database_url
from tests.integration.api.people import organization_of, person
from tests.integration.api.stream.stream_client import StreamClient, a_verdict, open_streams
from tests.integration.pages.listed import monitor, nothing_there, verdict
from tests.integration.pages.screens.conftest import new_screen

__all__ = ["api", "module_bus", "module_database_url", "nothing_there"]

_H1 = "return document.querySelector('h1').innerText"
_BANNER = "return document.getElementById('live-banner').checkVisibility()"
_ITEMS = (
    "return [...document.querySelectorAll('.wall-worst li')].filter((one) => !one.hidden).map((one) => one.innerText)"
)
_PACE = 0.1
_AT_ONCE = 200
_PASSED_ON = """
const [count, first, done] = arguments;
const { base, events } = document.documentElement.dataset;
const { live: view } = document.getElementById("main").dataset;
const tab = new BroadcastChannel(`mailprobe ${base}${events}`);
const board = document.getElementById("board").outerHTML;
const states = document.getElementById("dots").dataset.states;
let sent = 0;
function pass() {
  for (let part = 0; part < 50 && sent < count; part += 1, sent += 1) {
    const text = `message ${first + sent}`;
    tab.postMessage({ view, patch: { board: board.replace("<h1>", `<h1>${text} `) }, states, dots: text });
  }
  const wait = () => {
    if (document.getElementById("dots").getAttribute("aria-label") !== `message ${first + sent - 1}`) setTimeout(wait);
    else if (sent < count) pass();
    else { tab.close(); done(true); }
  };
  wait();
}
pass();
"""
"""Gives messages to the wall as the tab does that reads the stream for all."""


@dataclass
class Hall:
    """A screen on the wall, and the controller whose page it shows."""

    api: Api
    bus: Bus
    browser: Browser
    url: str
    streams: StreamClient

    async def open(self, path: str) -> None:
        await asyncio.to_thread(self.browser.open, self.url + path)

    async def value(self, script: str, *arguments: object) -> object:
        return await asyncio.to_thread(self.browser.value, script, *arguments)

    async def judge(self, public_id: str, state: str) -> None:
        await verdict(self.api, public_id, state, ago="0 s")
        await self.streams.publish(msgspec.structs.replace(a_verdict(), monitor_id=UUID(public_id)))

    async def shows(self, words: str) -> None:
        await until(lambda: self._says(words), words)

    async def _says(self, words: str) -> bool:
        return words in str(await self.value("return document.body.innerText"))

    async def live(self) -> None:
        try:
            await until(lambda: self.value("return document.documentElement.dataset.stream === 'on'"), "live")
        except AssertionError as error:
            page = await self.value("return [location.href, document.documentElement.outerHTML]")
            raise AssertionError(f"{error}: {page}") from None


async def until(holds: Callable[[], Awaitable[object]], what: str, seconds: float = 120.0) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not await holds():
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None


@asynccontextmanager
async def hall(api: Api, bus: Bus, browser: Browser, watch: Watch, *, logged_in: bool = True) -> AsyncIterator[Hall]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    watch.hosts.add(f"127.0.0.1:{port}")
    async with open_streams(api, bus, bounds=Bounds(pace_seconds=_PACE), port=port) as streams:
        if logged_in:
            user = await person(api, Role.USER, organization=await organization_of(api, "Ours"))
            cookie = user.headers["Cookie"].partition("=")[2]
            await asyncio.to_thread(browser.take, url, SESSION_COOKIE, cookie)
        try:
            yield Hall(api, bus, browser, url, streams)
        finally:
            await asyncio.to_thread(browser.open, "about:blank")


async def _down(api: Api, count: int) -> list[str]:
    made = [await monitor(api, f"Relay {number:02}") for number in range(count)]
    for one in made:
        await verdict(api, one, "down")
    return made


async def test_a_wall_changes_by_itself(api: Api, bus: Bus, browser: Browser, watch: Watch) -> None:
    (made,) = await _down(api, 1)
    async with hall(api, bus, browser, watch) as here:
        await here.open("/wall")
        await here.live()
        assert await here.value(_H1) == "1 down"
        await here.judge(made, "up")
        await here.shows("Nothing is down.")
        await here.judge(made, "partial")
        await here.shows("1 partial")
        label = str(await here.value("return document.getElementById('dots').getAttribute('aria-label')"))
        assert label.endswith("1 monitor: 1 partial")


async def test_a_screen_exchanges_its_token_and_forgets_the_address(
    api: Api, bus: Bus, browser: Browser, watch: Watch
) -> None:
    watch.expect("401|EventSource's response has a MIME type")  # which is how a refused stream is noticed
    (made,) = await _down(api, 1)
    token = await new_screen(api)
    async with hall(api, bus, browser, watch, logged_in=False) as here:
        await here.open(f"/wall/screen#screen={token}")
        await here.live()
        assert browser.address == f"{here.url}/wall/screen"
        assert not [url for url in watch.requests() if token in url]
        await here.judge(made, "up")
        await here.shows("Nothing is down.")
        await api.value("UPDATE screen_token SET revoked_at = now()")
        await here.shows("This screen was revoked")
        size = await here.value("return parseFloat(getComputedStyle(document.querySelector('h1')).fontSize)")
        assert isinstance(size, float | int)
        assert size >= 48


async def test_a_wall_says_when_it_is_not_live(api: Api, bus: Bus, browser: Browser, watch: Watch) -> None:
    watch.expect("Failed to load resource|ERR_")
    await _down(api, 1)
    async with hall(api, bus, browser, watch) as here:
        await here.open("/wall")
        await here.live()
        assert not await here.value(_BANNER)
        here.streams.hub.stop()
        await until(lambda: here.value(_BANNER), "the banner", 20)
        await here.shows("Not live since ")


async def test_pages_of_what_does_not_fit_are_turned(api: Api, bus: Bus, browser: Browser, watch: Watch) -> None:
    await _down(api, 30)
    async with hall(api, bus, browser, watch) as here:
        browser.emulation.width(1280, 720, touch=False)
        await here.open("/wall")
        await here.live()
        first = await here.value(_ITEMS)
        assert isinstance(first, list)
        assert 2 < len(first) < 30
        await asyncio.to_thread(browser.press, RIGHT)
        second = await here.value(_ITEMS)
        assert isinstance(second, list)
        assert second[0] != first[0]
        await asyncio.to_thread(browser.press, SPACE)
        assert "paused" in str(await here.value("return document.getElementById('turn').innerText"))
        cut = "const list = document.querySelector('.wall-worst'); return list.scrollHeight > list.clientHeight + 1"
        assert not await here.value(cut)


async def test_text_on_a_large_screen_can_be_read_from_afar(api: Api, bus: Bus, browser: Browser, watch: Watch) -> None:
    await _down(api, 3)
    async with hall(api, bus, browser, watch) as here:
        browser.emulation.width(1920, 1080, touch=False)
        await here.open("/wall?by=customer")
        await here.live()
        smallest = await here.value(
            "return Math.min(...[...document.querySelectorAll('body *')]"
            ".filter((one) => one.checkVisibility() && [...one.childNodes].some((node) => node.nodeType === 3"
            " && node.data.trim())).map((one) => parseFloat(getComputedStyle(one).fontSize)))"
        )
        assert isinstance(smallest, float | int)
        assert smallest >= 1080 * 0.022


async def test_a_wall_loads_itself_again_for_another_version_once(
    api: Api, bus: Bus, browser: Browser, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _down(api, 1)
    async with hall(api, bus, browser, watch) as here:
        await here.open("/wall")
        await here.live()
        await here.value("window.mark = true")
        monkeypatch.setattr(frames, "DIGEST", "0123456789abcdef")
        await until(lambda: here.value("return !window.mark"), "the reload")
        await here.live()
        # The page that came is not of that version either, as when controllers of two versions answer in turn.
        await here.value("window.mark = true")
        await asyncio.sleep(10 * _PACE)
        assert await here.value("return window.mark")


async def test_ten_thousand_events_leave_no_more_on_the_heap(
    api: Api, bus: Bus, browser: Browser, watch: Watch
) -> None:
    made = await _down(api, 20)
    async with hall(api, bus, browser, watch) as here:
        await here.open("/wall?by=customer")
        await here.live()
        await _feed(here, made, 1_000)
        before = await asyncio.to_thread(_heap, browser)
        await _feed(here, made, 10_000)
        after = await asyncio.to_thread(_heap, browser)
        print(f"heap: {before / 1024:.0f} KiB before, {after / 1024:.0f} KiB after")
        assert after <= before * 1.2, (before, after)


async def test_a_thousand_messages_leave_no_more_on_the_heap(
    api: Api, bus: Bus, browser: Browser, watch: Watch
) -> None:
    """Each of them replaces what the wall shows."""
    await _down(api, 20)
    async with hall(api, bus, browser, watch) as here:
        await here.open("/wall?by=customer")
        await here.live()
        await asyncio.to_thread(browser.run, _PASSED_ON, 200, 0)
        before = await asyncio.to_thread(_heap, browser)
        for number in range(200, 1200, 250):
            await asyncio.to_thread(browser.run, _PASSED_ON, 250, number)
        after = await asyncio.to_thread(_heap, browser)
        print(f"heap: {before / 1024:.0f} KiB before, {after / 1024:.0f} KiB after")
        assert after <= before * 1.2, (before, after)


async def _feed(here: Hall, made: list[str], count: int) -> None:
    """So many verdicts, between which states change, until the wall shows the last of them."""
    for number in range(0, count, _AT_ONCE):
        state = ("up", "down", "degraded", "partial")[(number // _AT_ONCE) % 4]
        one = made[(number // _AT_ONCE) % len(made)]
        await verdict(here.api, one, state, ago="0 s")
        events = [msgspec.structs.replace(a_verdict(), monitor_id=UUID(one)) for _ in range(_AT_ONCE)]
        await here.bus.publish_all(
            [
                Message(
                    subjects.event(each.organization_id, each.customer_id, each.monitor_id, each.type.value),
                    msgspec.json.encode(each),
                    str(each.event_id),
                )
                for each in events
            ]
        )
        await asyncio.sleep(2 * _PACE)
    await verdict(here.api, made[0], "unknown", ago="0 s")
    await here.streams.publish(a_verdict())
    await here.shows("1 unknown")
    await verdict(here.api, made[0], "down", ago="0 s")
    await here.streams.publish(a_verdict())
    await until(lambda: _without_unknown(here), "down again")


async def _without_unknown(here: Hall) -> bool:
    return "unknown" not in str(await here.value(_H1))


def _heap(browser: Browser) -> float:
    browser.session.devtools("HeapProfiler.collectGarbage")
    browser.session.devtools("HeapProfiler.collectGarbage")
    return float(browser.session.devtools("Runtime.getHeapUsage")["usedSize"])
