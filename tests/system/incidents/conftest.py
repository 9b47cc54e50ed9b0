from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conftest import REQUIRE_ALL, requires
from tests.fakes.folders import data_folder
from tests.system.incidents.watched import Watched
from tests.system.regions.abroad import Abroad, missing_for_abroad


@pytest.fixture(scope="package")
def watched() -> Iterator[Watched]:
    """A running product with notifications. At its end nothing may have been sent twice."""
    missing = missing_for_abroad()
    requires(missing is None or not REQUIRE_ALL, missing or "")
    with ExitStack() as parts:
        folder = parts.enter_context(data_folder())
        abroad = parts.enter_context(Abroad()) if missing is None else None
        running = parts.enter_context(Watched(folder, abroad))
        # All servers of the tests have one address, which would make one cause of outages that have nothing in common.
        running.query("UPDATE organization SET grouping = json_build_object('enabled', false)")
        yield running
        assert running.sent_twice() == []
