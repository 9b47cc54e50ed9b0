"""A desk at which notification channels are made and tried: loopback allowed, a relay and name servers of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import httpx

from controller.api.application import create_api
from controller.api.http.services import Services
from controller.notify.channels import open_senders
from controller.notify.email.sender import Relay
from controller.notify.mx_lookup import Exchangers
from controller.operations.channels.channels import Outlets
from shared.nats.bus import Bus
from tests.fakes.name_server import Zone, serving
from tests.integration.api.conftest import Api, client_of

CHANNELS = "/api/notification-channels"
SECRET = "correct-horse-battery-staple"
HOOK: dict[str, Any] = {
    "type": "webhook",
    "name": "On call",
    "config": {
        "url": "http://127.0.0.1:9/hook?key=of-the-url",
        "secret": SECRET,
        "headers": {"Authorization": f"Bearer {SECRET}", "X-Env": "prod"},
        "timeout": 5,
    },
}


@dataclass
class Desk:
    """`client` sends the organization's token."""

    api: Api
    client: httpx.AsyncClient

    async def create(self, **fields: Any) -> dict[str, Any]:
        """An e-mail channel, unless the fields say otherwise."""
        body = {"type": "email", "name": "Mail", "config": {"email": "ops@example.net"}, **fields}
        answer = await self.client.post(CHANNELS, json=body)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def stored(self, number: int) -> dict[str, Any]:
        """A channel's config as it is stored, in clear."""
        config = await self.api.value("SELECT config FROM notification_channel WHERE id = $1", number)
        clear: dict[str, Any] = self.api.vault.reveal(config)
        return clear

    async def listed(self, **query: Any) -> list[dict[str, Any]]:
        answer = await self.client.get(CHANNELS, params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    async def try_out(self, type_: str, config: Any, **fields: Any) -> dict[str, Any]:
        answer = await self.client.post(f"{CHANNELS}/test", json={"type": type_, "config": config, **fields})
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        return done


@asynccontextmanager
async def desk(
    api: Api, bus: Bus, *, relay: Relay | None = None, zone: Zone | None = None, allow: str = "127.0.0.0/8"
) -> AsyncIterator[Desk]:
    """Names outside the zone are unknown: those of the world must not answer late."""
    async with (
        open_senders(relay=relay, sms_url=None, allowed=(ip_network(allow),)) as senders,
        serving(zone or {}) as nameserver,
    ):
        outlets = Outlets(senders, Exchangers([nameserver]))
        application = create_api(
            Services(database=api.database, vault=api.vault, dispatcher=api.dispatcher, bus=bus, outlets=outlets)
        )
        async with client_of(application) as client:
            client.headers["Authorization"] = api.client.headers["Authorization"]
            yield Desk(api, client)


def message(answer: httpx.Response) -> tuple[int, str]:
    """The status, and what a problem says."""
    return answer.status_code, answer.json()["message"]
