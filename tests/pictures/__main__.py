"""`make pictures`: writes a picture of every view and mail to a folder, and says when the overview shows its first
content.

With names of views on the command line only those are taken.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from controller.broker.streams import ensure_streams
from controller.trust import keys
from deploy.local import nats, postgres
from deploy.local.supervisor import supervising
from shared import log
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from tests.browser.browser import Browser
from tests.browser.chromium import browsing, missing_for_chromium
from tests.fakes.databases import Databases
from tests.fakes.folders import data_folder
from tests.fakes.installation import as_controller, broker_config
from tests.pictures import camera, mails, worlds
from tests.pictures.served import dashboard
from tests.pictures.views import ALBUM, LARGE, SMALL, View
from tests.pictures.worlds import World

_PAINTS = 5
_DOCUMENTS = Path("docs/pictures")


@asynccontextmanager
async def _servers() -> AsyncIterator[tuple[Databases, Broker]]:
    """PostgreSQL and NATS on data that is thrown away."""
    trust = keys.new_trust()
    with data_folder() as data:
        async with supervising() as supervisor:
            database = postgres.prepare(data / "postgres", options=("--fsync=off",))
            await supervisor.start(database.part(data / "postgres.log"))
            server = nats.prepare(data / "nats", broker_config(trust))
            await supervisor.start(server.part(data / "nats.log"))
            broker = as_controller(server.url, trust)
            async with Bus.open(broker, name="streams") as bus:
                await bus.wait_connected()
                await ensure_streams(bus)
            async with Databases.open(database.url("postgres")) as databases:
                yield databases, broker


async def _pictures(browser: Browser, folder: Path, names: Sequence[str]) -> None:
    async with _servers() as (databases, broker):
        for name, (make, views) in {**ALBUM, **LARGE}.items():
            chosen = [view for view in views if not names or view.name in names]
            if not chosen:
                continue
            async with databases.one() as url, dashboard(url, broker, make) as (served, world):
                paint = await asyncio.to_thread(_photograph, browser, served.url, world, chosen, folder)
                print(f"{name}: {len(chosen)} views, first paint of the overview after {paint:.0f} ms")


async def _documents(browser: Browser, folder: Path) -> None:
    async with (
        _servers() as (databases, broker),
        databases.one() as url,
        dashboard(url, broker, worlds.burning) as (served, world),
    ):
        for small in SMALL:
            path = folder / f"{small.name}.png"
            await asyncio.to_thread(camera.take_small, browser, served.url, world, small, path)
            print(f"{path}: {path.stat().st_size} bytes")
        await asyncio.to_thread(browser.open, "about:blank")


def _photograph(browser: Browser, url: str, world: World, views: Sequence[View], folder: Path) -> float:
    """Returns when the overview shows its first content, in milliseconds."""
    camera.take(browser, url, world, views, folder)
    browser.emulation.reset()
    paint = statistics.median(camera.first_paint_ms(browser, url, world, "/") for _ in range(_PAINTS))
    browser.open("about:blank")  # which closes the live stream, so that the server can stop
    return paint


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("pictures"))
    parser.add_argument("--documents", action="store_true", help="only the small ones of docs/pictures")
    parser.add_argument("views", nargs="*", help="names of views; all without any")
    arguments = parser.parse_args()
    if missing := missing_for_chromium():
        sys.exit(f"{missing} must be installed")
    log.configure("warning", "console")
    with browsing() as browser:
        if arguments.documents:
            asyncio.run(_documents(browser, _DOCUMENTS))
        else:
            arguments.folder.mkdir(exist_ok=True)
            written = [name for name in mails.NOTICES if not arguments.views or name in arguments.views]
            mails.take(browser, written, arguments.folder)
            if not arguments.views or set(arguments.views) - mails.NOTICES.keys():
                asyncio.run(_pictures(browser, arguments.folder, arguments.views))


if __name__ == "__main__":
    main()
