from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conftest import REQUIRE_ALL, requires
from tests.fakes.folders import data_folder
from tests.system.abroad import Abroad, missing_for_abroad
from tests.system.incidents.watched import Watched


@pytest.fixture(scope="package")
def watched() -> Iterator[Watched]:
    """A running product that tells people. At its end nobody was told anything twice."""
    missing = missing_for_abroad()
    requires(missing is None or not REQUIRE_ALL, missing or "")
    with ExitStack() as parts:
        folder = parts.enter_context(data_folder())
        abroad = parts.enter_context(Abroad()) if missing is None else None
        running = parts.enter_context(Watched(folder, abroad))
        yield running
        assert running.told_twice() == []
