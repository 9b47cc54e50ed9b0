"""An application on a real port, for clients that are programs of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from litestar import Litestar

from controller.app import Server


@asynccontextmanager
async def serving(application: Litestar) -> AsyncIterator[str]:
    """Serve on loopback as a controller does; yield the address."""
    server = Server(
        uvicorn.Config(application, port=0, lifespan="on", log_config=None, access_log=False, server_header=False)
    )
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(server.serve())
        while not server.started:
            if task.done():
                raise RuntimeError("the server did not start")
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
