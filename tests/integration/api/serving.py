"""Serves an application on a real port, for clients in other processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from litestar import Litestar

from controller.app import ControllerServer
from controller.http.connection import IDLE_SECONDS, Connection

_FAILED_DRAIN_SECONDS = 1


@asynccontextmanager
async def serving(application: Litestar, *, drain_seconds: int | None = None, port: int = 0) -> AsyncIterator[str]:
    """Serve on loopback as a controller does; yield the base URL. A stop waits up to `drain_seconds` for requests;
    None is for ever. Port 0 is any that is free.
    """
    server = ControllerServer(
        uvicorn.Config(
            application,
            port=port,
            http=Connection,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=drain_seconds,
        )
    )
    task = asyncio.create_task(server.serve(), name="serving")
    try:
        while not server.started:
            if task.done():
                raise RuntimeError("the server did not start")
            await asyncio.sleep(0.01)
        bound = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{bound}"
    except BaseException:
        server.config.timeout_graceful_shutdown = _FAILED_DRAIN_SECONDS  # a test that failed may leave requests open
        raise
    finally:
        server.should_exit = True
        await task  # a server that is cancelled leaves what its lifespan opened
