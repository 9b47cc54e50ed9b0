from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.folders import data_folder
from tests.system.new_kinds.stage import Stage


@pytest.fixture(scope="package")
def stage() -> Iterator[Stage]:
    with data_folder() as folder, Stage(folder) as running:
        yield running
