"""Connects one client, and logs what happens to its connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from nats.aio.client import Client
from nats.errors import UnexpectedEOF

from shared.nats.broker import Broker, connect
from shared.nats.errors import BusError, describe, is_refusal

log = structlog.get_logger()

_REFUSED = {
    "reason": "NATS does not let this login in: its keys were ended, or the servers do not know the accounts yet",
    "advice": "nothing to do if this is over within a minute",
}


async def connect_and_log(
    client: Client,
    broker: Broker,
    name: str,
    on_connect: Callable[[], Awaitable[None]] | None,
    closed: asyncio.Event,
    logged: set[str],
) -> None:
    """Return when connected; `closed` is set when the client is closed for good. Raises what `connect` raises. `logged`
    holds what has been logged since there was a connection, also by clients before this one.
    """

    async def connected() -> None:
        logged.clear()
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
        if isinstance(error, UnexpectedEOF):
            return  # the end of a connection, which is logged as nats_disconnected or nats_closed_by_server
        event = "nats_login_refused" if is_refusal(error) else "nats_error"
        if client.is_connected:
            log.warning(event, error=describe(error))
        elif event not in logged:  # attempts to connect fail each second; log the first
            logged.add(event)
            log.warning(event, error=describe(error), **(_REFUSED if is_refusal(error) else {}))

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
