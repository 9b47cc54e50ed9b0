"""One client's connection from its first attempt on, and what is told of it in the log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from nats.aio.client import Client

from shared.nats.broker import Broker, connect
from shared.nats.errors import BusError, words

log = structlog.get_logger()


async def connect_and_tell(
    client: Client, broker: Broker, name: str, on_connect: Callable[[], Awaitable[None]] | None, closed: asyncio.Event
) -> None:
    """Return when it is connected; `closed` is set when it is over for good. Raises as `shared.broker.connect`."""
    told = False

    async def connected() -> None:
        nonlocal told
        told = False
        log.info("nats_connected", server=_server(client))
        if on_connect:
            try:
                await on_connect()
            except BusError as error:
                log.warning("nats_on_connect_failed", error=str(error))

    async def disconnected() -> None:
        if not client.is_closed:
            log.warning("nats_disconnected")

    async def gone() -> None:
        closed.set()

    async def failed(error: Exception) -> None:
        nonlocal told
        if client.is_connected or not told:  # an attempt to connect fails each second; once tells it
            told = not client.is_connected
            log.warning("nats_error", error=words(error))

    await connect(
        client,
        broker,
        name=name,
        reconnected_cb=connected,
        disconnected_cb=disconnected,
        error_cb=failed,
        closed_cb=gone,
    )
    await connected()


def _server(client: Client) -> str | None:
    connected_url = client.connected_url
    return connected_url.netloc.rpartition("@")[2] if connected_url else None
