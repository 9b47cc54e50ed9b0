"""Two organizations for whose events credentials are made, and the command that makes them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from controller.store.platform.pool import Database
from tests.integration.test_commands import run

ORGANIZATION, OTHER = UUID(int=1), UUID(int=2)
CUSTOMER, OTHER_CUSTOMER = UUID(int=11), UUID(int=12)


class TwoOrganizations(NamedTuple):
    """A database with two organizations, its URL, and the settings of every command."""

    database: Database
    url: str
    settings: dict[str, str]


async def issue(organizations: TwoOrganizations, file: Path, *arguments: str) -> str:
    """Write credentials into this file, and return the name of their consumer."""
    words = ("stream-credentials", *arguments, "--output", str(file))
    done = await asyncio.to_thread(run, *words, **organizations.settings)
    assert done.returncode == 0, done.stderr
    assert "-----BEGIN" not in done.stdout + done.stderr
    return done.stdout.partition("consumer ")[2].split()[0]
