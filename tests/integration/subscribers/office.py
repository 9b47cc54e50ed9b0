"""Where credentials for subscribers are made: two organizations and the command."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from controller.store.platform.pool import Database
from tests.integration.test_commands import run

ORGANIZATION, OTHER = UUID(int=1), UUID(int=2)
CUSTOMER, NEIGHBOUR = UUID(int=11), UUID(int=12)


class Office(NamedTuple):
    """A database with two organizations, its URL, and what every command needs beside it."""

    database: Database
    url: str
    settings: dict[str, str]


async def issue(office: Office, file: Path, *arguments: str) -> str:
    """Make credentials into this file; the name of their consumer."""
    words = ("stream-credentials", *arguments, "--output", str(file))
    done = await asyncio.to_thread(run, *words, **office.settings)
    assert done.returncode == 0, done.stderr
    assert "-----BEGIN" not in done.stdout + done.stderr
    return done.stdout.partition("consumer ")[2].split()[0]
