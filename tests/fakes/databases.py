"""Databases for tests: each is a copy of a template, which has all migrations and the current partitions."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import asyncpg

from controller.pipeline.housekeeping import prepare_partitions
from controller.store.platform import migrate
from controller.store.platform.pool import Database

_TEMPLATE = "mailprobe_template"


class Databases:
    """Creates databases on one server, whose database `postgres` is at `url`. Made by `Databases.open`."""

    def __init__(self, url: str, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self._url = url
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Self]:
        connection = await asyncpg.connect(url, timeout=30)
        try:
            databases = cls(url, connection)
            await databases._make_template()
            yield databases
        finally:
            await connection.close(timeout=30)

    async def _make_template(self) -> None:
        # Tests on another event loop, as those of the probes, stop the server and start it again on the same data.
        await self._connection.execute(f'DROP DATABASE IF EXISTS "{_TEMPLATE}"')
        await self._connection.execute(f'CREATE DATABASE "{_TEMPLATE}"')
        await migrate.apply(self._at(_TEMPLATE))
        async with Database.open(self._at(_TEMPLATE)) as template:
            await prepare_partitions(template)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[str]:
        """The URL of a new database. It is dropped at the end, even if somebody is still connected."""
        name = f"test_{os.urandom(6).hex()}"
        await self._connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{_TEMPLATE}"')
        try:
            yield self._at(name)
        finally:
            await self._connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _at(self, name: str) -> str:
        return self._url.replace("/postgres?", f"/{name}?")
