from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.integration.trust.desk import Desk
from tests.integration.trust.site import Site, new_site


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    """An installation of the test's own, because it changes whom the broker believes."""
    with TemporaryDirectory(prefix="mp-trust-") as folder:
        async with new_site(Path(folder), database_url) as made:
            yield made


@pytest.fixture
def desk(tmp_path: Path, database_url: str, trust_file: Path) -> Desk:
    return Desk(tmp_path, database_url, trust_file)
