from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.integration.trust.location_commands import LocationCommands
from tests.integration.trust.site import Site, new_site


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    """An installation of the test's own, because the test changes which keys the broker accepts."""
    with TemporaryDirectory(prefix="mp-trust-") as folder:
        async with new_site(Path(folder), database_url) as made:
            yield made


@pytest.fixture
def commands(tmp_path: Path, database_url: str, trust_file: Path) -> LocationCommands:
    return LocationCommands(tmp_path, database_url, trust_file)
