"""A controller that schedules monitors made through AlertSite's routes, and the locations that check in its rounds."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import httpx

from shared.epoch import to_datetime, to_ms
from shared.wire import subjects
from shared.wire.messages import CheckRequest
from shared.wire.rounds import next_due_ms
from shared.wire.targets import KINDS
from tests.integration.pipeline.scheduling import Controller, until_leader_knows
from tests.integration.pipeline.small_installation import SmallInstallation, eventually

COUNTRIES = ("DE", "FR", "US")
BODY = {"billing_plancode": "UBM - A/A", "name": "Mail", "hostname": "smtp.example.com"}
KIND_OF = {"email-smtp": "smtp", "email-imap": "imap", "email-pop": "pop3"}


class Scheduled:
    """A scheduling controller whose monitors are made through AlertSite's routes."""

    def __init__(
        self,
        installation: SmallInstallation,
        controller: Controller,
        client: httpx.AsyncClient,
        numbers: dict[str, int],
    ) -> None:
        self.installation = installation
        self.controller = controller
        self.client = client
        self.numbers = numbers

    def locations(self, *codes: str) -> list[dict[str, int]]:
        return [{"id": self.numbers[code]} for code in codes]

    async def create(self, path: str = "email-smtp", **fields: Any) -> str:
        answer = await self.client.post(f"/api/v3/monitors/{path}", json={**BODY, **fields})
        assert answer.status_code == 200, answer.text
        number = answer.json()["id"]
        assert isinstance(number, str)
        return number

    async def edit(self, number: str, **fields: Any) -> None:
        answer = await self.client.patch(f"/api/v3/monitors/email-smtp/{number}", json=fields)
        assert answer.status_code == 200, answer.text

    async def take(self, kind: str = "smtp", seconds: float = 0.15) -> list[CheckRequest]:
        """The requests that wait for the agents, or come within so many seconds, by location."""
        taken = await asyncio.gather(
            *(self.installation.take_requests(country, seconds, kind=kind) for country in COUNTRIES)
        )
        return sorted((request for requests in taken for request in requests), key=lambda request: request.location)

    async def first_round(self, path: str = "email-smtp", **fields: Any) -> list[CheckRequest]:
        """The checks of a new monitor's first round."""
        await self.create(path, **fields)
        return await self.next_round(KIND_OF[path])

    async def next_round(self, kind: str = "smtp") -> list[CheckRequest]:
        """The first round of the monitor that was made or changed last. Another round may come just before or after it,
        whenever its phase is due.
        """
        moment = await self.installation.value("SELECT max(target_changed_at) FROM monitor")
        found: list[CheckRequest] = []

        async def all_of_it() -> bool:
            found.extend(await self.take(kind))
            requested = {one.location for one in found if one.due_at == moment}
            return bool(requested) and requested >= (await self.planned())[moment]

        await eventually(all_of_it)
        found += await self.take(kind, 0.3)
        return sorted((one for one in found if one.due_at == moment), key=lambda request: request.location)

    async def planned(self) -> dict[datetime, set[str]]:
        """The locations of each round so far, whether they were requested in time or not."""
        rounds: dict[datetime, set[str]] = defaultdict(set)
        for moment, location in await self.installation.rows(
            "SELECT due_at, code FROM dispatch, unnest(due_ats, location_ids) AS planned (due_at, location_id)"
            " JOIN location ON location.id = location_id WHERE purpose = 'scheduled'"
        ):
            rounds[moment].add(location)
        return rounds

    async def rounds(self, number: str, count: int) -> list[list[str]]:
        """The locations of so many rounds in a row after the first, one every half a minute."""
        await self.installation.value("UPDATE monitor SET interval_seconds = 30 WHERE id = $1::text::bigint", number)
        await until_leader_knows(self.installation, *COUNTRIES)
        [(public_id, first)] = await self.installation.rows(
            "SELECT public_id, target_changed_at FROM monitor WHERE id = $1::text::bigint", number
        )
        clock, found = self.controller.clock, []
        for _ in range(count):
            due_ms = next_due_ms(public_id, 30_000, to_ms(first), clock())
            await self.controller.advance(due_ms - clock() + 1)
            requested = {one.location for one in await self.take(seconds=0.3) if to_ms(one.due_at) == due_ms}
            assert requested == (await self.planned())[to_datetime(due_ms)]
            found.append(sorted(requested))
        return found


@asynccontextmanager
async def scheduling(installation: SmallInstallation, url: str) -> AsyncIterator[Controller]:
    it = Controller(installation, url, "one")
    it.start()

    async def ready() -> bool:
        for country in COUNTRIES:
            await installation.heartbeat(country)
        consumers = await installation.bus.client.jsm().consumers_info(subjects.CHECKS)
        return len(consumers) == len(COUNTRIES) * len(KINDS) and it.registry.complete()

    try:
        await eventually(ready)
        await installation.keep_agents()
        yield it
    finally:
        await it.die()
