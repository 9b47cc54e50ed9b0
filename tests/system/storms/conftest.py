from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.folders import data_folder
from tests.system.storms.storm import Storm


@pytest.fixture
def storm() -> Iterator[Storm]:
    """A product that has no other incidents. At the end nothing may have been sent twice."""
    with data_folder() as folder, Storm(folder) as running:
        yield running
        assert running.sent_twice() == []
