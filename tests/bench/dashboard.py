"""How fast pages of the dashboard are made of a full database: at the server, and drawing alone.

The application is in this process, without a network; requests come one after the other, with no other load.
"""

from __future__ import annotations

import gzip
import statistics
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import asyncpg
import httpx

from controller.application import create_application
from controller.http.services import Services
from controller.model import Principal, Role
from controller.notify.channels import open_senders
from controller.notify.mx_lookup import MxLookup
from controller.operations.channels.channels import Outlets
from controller.operations.overview import overview
from controller.operations.overview.query import read_query
from controller.pages.monitor.period import RANGES
from controller.pages.overview.view import overview_view
from controller.pages.shell.page import Frame
from controller.pages.shell.templates import render
from controller.store.accounts import people, sessions
from controller.store.accounts.people import NewAccount
from controller.store.platform.pool import Database
from controller.vault import Vault, VaultKeys, new_key
from shared.clock import utc_now
from shared.secret import Secret
from tests.bench import dashboard_data
from tests.bench.figures import Figures, cpu_seconds, spread
from tests.bench.pages import monitor_history
from tests.bench.processes import servers

_REQUESTS = 60
_WARM = 8
_DRAWINGS = 40
_COOKIE = "bench" * 8
PATHS = {
    "overview": "/",
    "second_page": "/?page=2",
    "down": "/?state=down,partial",
    "search": "/?q=mx3",
    "country": "/?country=FR",
    "by_name": "/?sort=name",
    "by_uptime": "/?sort=uptime",
    "slowest": "/?sort=slowest",
    "by_incident": "/?sort=incident",
    "wall": "/wall",
    "wall_by_customer": "/wall?by=customer",
}


class NoDispatch:
    async def dispatch_triggered(self, *_: Any) -> datetime:
        raise AssertionError("no page that is measured triggers a check")

    async def dispatch_trial(self, *_: Any) -> None:
        raise AssertionError("no page that is measured begins a trial")


async def measure(monitors: int) -> Figures:
    async with servers() as running, open_senders(relay=None, sms_url=None) as senders:
        await dashboard_data.prepared(running.db)
        connection = await asyncpg.connect(running.database_url, command_timeout=1800)
        try:
            rows = await dashboard_data.seed(connection, monitors=monitors)
            organization = await connection.fetchval("SELECT id FROM organization WHERE name = 'Bench'")
            monitor = await monitor_history.seed(running.db, connection)
        finally:
            await connection.close()
        async with Database.open(running.database_url, size=1) as database:
            services = Services(
                database=database,
                vault=Vault(VaultKeys(new_key().reveal())),
                dispatcher=NoDispatch(),
                bus=running.bus,
                outlets=Outlets(senders, MxLookup([])),
            )
            await _person(database, organization)
            transport = httpx.ASGITransport(create_application(services))  # type: ignore[arg-type]
            async with httpx.AsyncClient(
                transport=transport, base_url="http://bench", cookies={"mailprobe_session": _COOKIE}
            ) as client:
                postgres = running.pids["postgres"]
                paths = PATHS | {f"monitor_{name}": f"/monitors/{monitor}?range={name}" for name in RANGES}
                pages = {name: await _page(client, database, postgres, path) for name, path in paths.items()}
            drawing = await _drawing(database, organization)
    return {"rows": rows, "pages": pages, "drawing_cpu_ms": drawing}


async def _person(database: Database, organization: int) -> None:
    account = await people.insert(
        database,
        NewAccount(
            organization_id=organization,
            email="bench@example.com",
            first_name=None,
            last_name=None,
            role=Role.ADMIN,
            customer_ids=None,
            password_hash="",
        ),
    )
    assert account is not None
    await sessions.insert(database, account.id, Secret(_COOKIE), cookie=True)


async def _page(client: httpx.AsyncClient, database: Database, postgres: int, path: str) -> Figures:
    """Times in milliseconds; CPU is that of one request, which other work on the machine hardly changes. Queries are
    those besides the session's and the rate limit's.
    """
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    for _ in range(_WARM):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
    took, own_cpu, postgres_cpu = [], time.process_time(), cpu_seconds(postgres)
    for _ in range(_REQUESTS):
        began = time.perf_counter()
        answer = await client.get(path, headers=headers)
        took.append(1000 * (time.perf_counter() - began))
    own_cpu, postgres_cpu = time.process_time() - own_cpu, cpu_seconds(postgres) - postgres_cpu
    statements: list[str] = []
    async with database.connection() as connection:
        connection.add_query_logger(lambda record: statements.append(record.query))
    answer = await client.get(path, headers=headers)
    own = [text for text in statements if "session" not in text and "request_count" not in text]
    return {
        "server_ms": spread(took),
        "cpu_ms": {
            "controller": round(1000 * own_cpu / _REQUESTS, 1),
            "postgres": round(1000 * postgres_cpu / _REQUESTS, 1),
        },
        "queries": len(own),
        "bytes": len(answer.content),
        "bytes_gzipped": len(gzip.compress(answer.content, 5)),
    }


async def _drawing(database: Database, organization: int) -> Figures:
    """Milliseconds of CPU for the view and for its HTML, without the database."""
    principal, now, query = Principal(works_in=organization, role=Role.ADMIN, account_id=1), utc_now(), read_query("")
    found = await overview.find_monitors(database, principal, query.filter, now)
    troubles = await overview.read_troubles(database, principal)
    monitors = await overview.read_monitors(database, principal, found.on_page, now)
    frame = Frame(
        title="Overview", base="", section="overview", live="/", now=now, csrf="x" * 64, theme=None, principal=principal
    )
    view = overview_view(query, found, troubles, monitors, overview.bar_time(now), None)
    return {
        "view": _median(lambda: overview_view(query, found, troubles, monitors, overview.bar_time(now), None)),
        "templates": _median(lambda: render("overview/page.html", frame=frame, view=view)),
    }


def _median(once: Callable[[], object]) -> float:
    times = []
    for _ in range(_DRAWINGS):
        began = time.process_time()
        once()
        times.append(1000 * (time.process_time() - began))
    return round(statistics.median(times), 1)
