"""A client of the channel routes. Its application may send to loopback and uses the test's relay and name server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import httpx
from litestar import Litestar

from controller.application import create_application
from controller.http.services import Services
from controller.notify.channels import open_senders
from controller.notify.email.relay import Relay
from controller.notify.mx_lookup import MxLookup
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
class ChannelClient:
    """`client` sends the organization's token with every request to the application."""

    api: Api
    client: httpx.AsyncClient
    application: Litestar

    async def create(self, **fields: Any) -> dict[str, Any]:
        """Create a channel: an e-mail channel unless `fields` name another type."""
        body = {"type": "email", "name": "Mail", "config": {"email": "ops@example.net"}, **fields}
        answer = await self.client.post(CHANNELS, json=body)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def stored(self, number: int) -> dict[str, Any]:
        """The decrypted config of a channel in the database."""
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
async def open_channel_client(
    api: Api, bus: Bus, *, relay: Relay | None = None, zone: Zone | None = None, allow: str = "127.0.0.0/8"
) -> AsyncIterator[ChannelClient]:
    """The name server knows only `zone`, so no test waits for real name servers."""
    async with (
        open_senders(relay=relay, sms_url=None, allowed=(ip_network(allow),)) as senders,
        serving(zone or {}) as nameserver,
    ):
        outlets = Outlets(senders, MxLookup([nameserver]))
        application = create_application(
            Services(database=api.database, vault=api.vault, dispatcher=api.dispatcher, bus=bus, outlets=outlets)
        )
        async with client_of(application) as client:
            client.headers["Authorization"] = api.client.headers["Authorization"]
            yield ChannelClient(api, client, application)


def message(answer: httpx.Response) -> tuple[int, str]:
    """The status and the message of a problem."""
    return answer.status_code, answer.json()["message"]
