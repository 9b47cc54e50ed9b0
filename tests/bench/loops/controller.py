"""What holds up a controller's loop while people and programs use everything, beside a database that is full.

The controller schedules all monitors; an agent checks some of them every 10 s, until their server is gone and they all
fail at once. Figures are of asyncio's loop (see `stretches`); those of the agent come with it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx

from controller.pages.monitor.period import RANGES
from controller.store.accounts import sessions
from shared.secret import Secret
from tests.bench import dashboard, dashboard_data, many_monitors
from tests.bench.figures import Figures, spread
from tests.bench.loops.installation import Installation, Watched
from tests.bench.loops.stretches import SHORTEST_MS, Report
from tests.bench.pages import monitor_history
from tests.bench.processes import child_process, servers

_CHECKED = 300
_CHECK_SECONDS = 10
_TOLERATED_MS = 20.0
_COOKIE = "loops" * 8
_STREAMS = 200
_ANSWER_SECONDS = 300.0

_ELSEWHERE = """
UPDATE monitor SET location_ids = ARRAY(SELECT id FROM location), interval_seconds = 3600 WHERE name NOT LIKE 'bench %'
"""
_HERE = "UPDATE monitor SET location_ids = ARRAY(SELECT id FROM location WHERE code = 'de') WHERE name LIKE 'bench %'"
_WINDOWS = "UPDATE schedule SET watermark = now()"


class Using:
    """What people and programs ask of one controller."""

    def __init__(self, url: str, token: str, monitor: UUID) -> None:
        self._url = url
        self._token = token
        self._monitor = monitor

    def _client(self, *, headers: dict[str, str], cookies: dict[str, str] | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self._url,
            headers=headers,
            cookies=cookies,
            timeout=_ANSWER_SECONDS,
            trust_env=False,
            limits=httpx.Limits(max_connections=2 * _STREAMS),
        )

    def _program(self) -> httpx.AsyncClient:
        return self._client(headers={"Authorization": f"Bearer {self._token}"})

    async def pages(self) -> None:
        paths = [*dashboard.PATHS.values(), *(f"/monitors/{self._monitor}?range={name}" for name in RANGES)]
        paths += ["/incidents", "/incidents/unpaged", "/locations", "/account", "/monitors/new"]
        async with self._client(cookies={"mailprobe_session": _COOKIE}, headers={"Accept": "text/html"}) as client:
            for path in paths * 3:
                _well(await client.get(path))

    async def lists(self) -> None:
        async with self._program() as client:
            one = f"/api/smtp-monitors/{self._monitor}"
            paths = ["/api/smtp-monitors?limit=100", "/api/smtp-monitors", "/api/imap-pop-monitors?limit=100"]
            paths += ["/api/v3/monitors", "/api/v3/report-sitestatus", "/api/v3/locations", "/api/v3/account-defaults"]
            paths += ["/api/results?limit=1000", "/api/incidents", "/api/customers", "/api/locations"]
            paths += ["/api/v1/audit", "/api/organization", "/api/notification-channels"]
            paths += [f"{one}/details?range={name}" for name in ("day", "week", "month", "year")]
            paths += [one, f"{one}/check-history", f"{one}/incident-history", f"{one}/alert-history", f"{one}/policy"]
            for path in paths * 3:
                answer = await client.get(path)
                if answer.status_code == 404 and one in path:  # the monitor is of the other group
                    answer = await client.get(path.replace("smtp-monitors", "imap-pop-monitors"))
                _well(answer)

    async def exports(self) -> None:
        async with self._program() as client:
            for form in ("csv", "ndjson"):
                async with client.stream("GET", f"/api/results?format={form}&limit=50000") as answer:
                    _well(answer)
                    async for _ in answer.aiter_raw():
                        pass

    async def documents(self) -> None:
        async with self._program() as client:
            for path in ("/schema", "/schema/openapi.json", "/schema/asyncapi.json", "/schema/stream") * 3:
                _well(await client.get(path))

    async def metrics(self) -> None:
        async with self._program() as client:
            for path in ("/metrics", "/metrics/monitors") * 3:
                _well(await client.get(path))

    async def logins(self) -> None:
        async with self._client(headers={}) as client:
            body = {"email": "admin@localhost", "password": "wrong password"}
            await asyncio.gather(*(client.post("/api/session", json=body) for _ in range(20)))

    async def writes(self) -> None:
        async with self._program() as client:
            for number in range(100):
                _well(await client.post("/api/imap-pop-monitors", json=_new(number)))

    async def streams(self) -> None:
        async with self._program() as client, asyncio.TaskGroup() as tasks:
            for _ in range(_STREAMS):
                tasks.create_task(_listen(client))


async def measure(monitors: int) -> Figures:
    with tempfile.TemporaryDirectory(prefix="mp-", ignore_cleanup_errors=True) as name:
        async with servers() as running:
            installed = Installation(running, Path(name))
            token = await installed.bootstrap()
            connection = await asyncpg.connect(running.database_url, command_timeout=1800)
            try:
                organization = await connection.fetchval("SELECT id FROM organization")
                account = await connection.fetchval("SELECT id FROM account")
                await dashboard_data.prepared(running.db)
                await dashboard_data.seed(connection, monitors=monitors, organization=organization)
                monitor = await monitor_history.seed(running.db, connection)
                await sessions.insert(running.db, account, Secret(_COOKIE), cookie=True)
                await connection.execute(_ELSEWHERE)
                await connection.execute(_WINDOWS)
                async with installed.controller() as controller, installed.agent("de") as agent:
                    using = Using(f"http://127.0.0.1:{installed.port}", token, monitor)
                    await _use(using, controller, agent)
                    await _checks(running.database_url, connection, controller, agent)
            finally:
                await connection.close()
            return {"controller": figures(controller.report()), "agent": figures(agent.report())}


async def _use(using: Using, controller: Watched, agent: Watched) -> None:
    steps: dict[str, Callable[[], Awaitable[None]]] = {
        name: getattr(using, name)
        for name in ("pages", "lists", "exports", "documents", "metrics", "logins", "writes", "streams")
    }
    for name, step in steps.items():
        print(f"  {name}", file=sys.stderr)
        controller.phase(name)
        agent.phase(name)
        await step()


async def _checks(
    url: str, connection: asyncpg.Connection[asyncpg.Record], controller: Watched, agent: Watched
) -> None:
    """Checks that pass, then an outage of every one of these monitors at once."""

    async def until(query: str) -> None:
        async with asyncio.timeout(_ANSWER_SECONDS):
            while await connection.fetchval(query) < _CHECKED:
                await asyncio.sleep(0.2)

    async with child_process("tests.bench.responder") as port:
        for program in (controller, agent):
            program.phase("checks")
        await many_monitors.insert(url, _CHECKED, port=int(port), interval_seconds=_CHECK_SECONDS)
        await connection.execute(_HERE)
        await until(
            "SELECT count(*) FROM monitor_state JOIN monitor ON id = monitor_id"
            " WHERE name LIKE 'bench %' AND verdict = 'up'"
        )
        await asyncio.sleep(2 * _CHECK_SECONDS)
    for program in (controller, agent):
        program.phase("outage")
    await until("SELECT count(*) FROM incident JOIN monitor ON monitor.id = monitor_id WHERE name LIKE 'bench %'")
    await asyncio.sleep(_CHECK_SECONDS)


def figures(report: Report) -> Figures:
    """How late timers were in each phase, and the stretches: all of them by place, worst first."""
    return {
        "late_ms": {phase: spread(late) for phase, late in report.late_ms.items()},
        f"over_{SHORTEST_MS:.0f}_ms": len(report.stretches),
        f"over_{_TOLERATED_MS:.0f}_ms": sum(stretch.worst_ms > _TOLERATED_MS for stretch in report.stretches),
        "stretches": [
            f"{stretch.worst_ms} ms (CPU {stretch.worst_cpu_ms}, gc {stretch.gc_ms}), {stretch.times} times,"
            f" {' '.join(sorted(stretch.phases))}: {stretch.entry}, in {stretch.where} at {stretch.at}"
            for stretch in report.stretches
        ],
    }


async def _listen(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(10), client.stream("GET", "/api/results/stream") as answer:
        async for _ in answer.aiter_raw():
            return


def _new(number: int) -> dict[str, object]:
    return {
        "customerId": 1,
        "name": f"made {number}",
        "hostname": f"mail{number}.example.net",
        "protocol": "imap",
        "checkIntervalSeconds": 3600,
        "timeoutSeconds": 30,
        "imapPopConfig": {"username": "user", "password": "wonderland", "tls": True},
    }


def _well(answer: httpx.Response) -> None:
    assert answer.status_code in (200, 201), (answer.url, answer.status_code)
