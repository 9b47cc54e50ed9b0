"""A running product with the new kinds, what it checks, and who is notified."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import asyncpg
import httpx

from tests.fakes.ports import free_port
from tests.fakes.webhook_sink import WebhookSink
from tests.system.product import Product, eventually
from tests.system.toys.desks import ENTRY_LOGIN, EXIT_LOGIN, Desks
from tests.system.toys.source import source_with_toys

HAND_OFF, ZONE_WATCH = "/api/hand-off-monitors", "/api/zone-watch-monitors"
HOME, ABROAD = "DE", "US"
WATCHED_SECONDS = 65
"""How long a zone watch takes: longer than any check of a mail server may."""

HOOK = "/everybody"


class Stage:
    def __init__(self, folder: Path) -> None:
        self.desks = Desks()
        self.hooks = WebhookSink()
        self.product = Product(folder / "data", countries=f"{HOME} {ABROAD}")
        # PYTHONSAFEPATH keeps `python -m` from importing the source in the working directory.
        self.product.settings = {
            "PYTHONPATH": str(source_with_toys(folder)),
            "PYTHONSAFEPATH": "1",
            "MAILPROBE_CONTROL_NAME": "localhost",
            "MAILPROBE_NOTIFY_ALLOW_NETWORKS": "127.0.0.0/8",
        }
        self._parts = ExitStack()
        self.slow = ""
        """A zone watch that was made first, because its checks take long."""

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(self.desks)
            undo.enter_context(self.hooks)
            undo.callback(self.product.end)
            self.product.start()
            channel = {"type": "webhook", "name": "all", "config": {"url": self.hooks.address + HOOK}}
            assert self.product.api.post("/api/notification-channels", json=channel).status_code in (200, 201)
            eventually(lambda: all({"handoff", "zonewatch"} <= {*here["kinds"]} for here in self.locations()), "kinds")
            self.slow = self.create_watch("slow", zoneConfig={"address": "127.0.0.1", "watchSeconds": WATCHED_SECONDS})
            self._parts = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._parts.close()

    @property
    def source(self) -> Path:
        return Path(self.product.settings["PYTHONPATH"])

    def locations(self) -> list[dict[str, Any]]:
        return list(self.product.api.get("/api/locations").json())

    def config(self, **fields: Any) -> dict[str, Any]:
        """The config of a handoff that works; `fields` replace some of its own."""
        giver, taker = ENTRY_LOGIN, EXIT_LOGIN
        entry = {"host": "127.0.0.1", "port": self.desks.entry, "user": giver[0], "password": giver[1]}
        exit_ = {"host": "localhost", "port": self.desks.exit, "user": taker[0], "ticket": taker[1]}
        return {"entry": entry, "exit": exit_, "exitFrom": HOME.lower()} | fields

    def unreachable(self) -> dict[str, Any]:
        """A config whose exit is closed."""
        return self.config(exit={**self.config()["exit"], "port": free_port()})

    def post(self, path: str, **fields: Any) -> httpx.Response:
        """The answer to the request for a monitor of both countries."""
        usual = {"customerId": 1, "name": "under test", "allowedCheckCountryCodes": [HOME, ABROAD]}
        return self.product.api.post(path, json=usual | fields)

    def create(self, path: str, **fields: Any) -> str:
        answer = self.post(path, **fields)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["publicId"])

    def create_handoff(self, name: str, **fields: Any) -> str:
        usual = {"name": name, "checkIntervalSeconds": 10, "timeoutSeconds": 8, "config": self.config()}
        return self.create(HAND_OFF, **(usual | fields))

    def create_watch(self, name: str, **fields: Any) -> str:
        usual = {"name": name, "hostname": "localhost", "checkIntervalSeconds": 90, "timeoutSeconds": 90}
        return self.create(ZONE_WATCH, **(usual | fields))

    def history(self, path: str, monitor: str) -> list[dict[str, Any]]:
        """The checks of a monitor, newest first."""
        answer = self.product.api.get(f"{path}/{monitor}/check-history", params={"limit": 200})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])

    def checked(self, path: str, monitor: str, seconds: float = 30.0) -> dict[str, dict[str, Any]]:
        """The latest check from each country, as soon as both have one."""

        def by_country() -> dict[str, dict[str, Any]] | None:
            found = {check["countryCode"]: check for check in reversed(self.history(path, monitor))}
            return found if found.keys() >= {HOME, ABROAD} else None

        return eventually(by_country, f"checks of {monitor} from both countries", seconds)

    def details(self, path: str, monitor: str) -> Any:
        answer = self.product.api.get(f"{path}/{monitor}/details")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def verdict(self, path: str, monitor: str, wanted: str, seconds: float = 40.0) -> str:
        """The reason of this verdict, as soon as the monitor has it."""

        def reason() -> str | None:
            verdict = self.details(path, monitor)["verdict"]
            return str(verdict["reason"]) if verdict and verdict["verdict"] == wanted else None

        return eventually(reason, f"{monitor} is {wanted}", seconds)

    def gaps(self, monitor: str) -> set[str]:
        """The reasons why checks of this monitor have no result."""

        async def fetch() -> set[str]:
            connection = await asyncpg.connect(self.product.record["databaseUrl"])
            try:
                query = "SELECT DISTINCT reason FROM gap JOIN monitor ON monitor.id = monitor_id WHERE public_id = $1"
                return {row["reason"] for row in await connection.fetch(query, monitor)}
            finally:
                await connection.close()

        return asyncio.run(fetch())
