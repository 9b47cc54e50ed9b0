"""Which countries hold for a monitor: the SQL function and the pure rule agree."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.decisions.monitors.inherited import CountryLevels, effective_countries
from tests.integration.store.conftest import Store

countries = st.none() | st.lists(st.sampled_from(["DE", "US", "AT"]), max_size=3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.builds(CountryLevels, countries, countries, countries))
async def test_effective_countries(store: Store, levels: CountryLevels) -> None:
    assert await store.value("SELECT effective_countries($1, $2, $3)", *levels) == effective_countries(levels)
