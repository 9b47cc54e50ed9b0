"""The phases of a check in a block are the same whether the database or the controller unfolds them."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.decisions.history.scale import ZERO, code_of
from controller.decisions.history.unfolded import unfolded_phases
from shared.wire.failures import Phase
from tests.integration.store.conftest import Store

CODES = st.just(ZERO) | st.floats(0.01, 86_000_000).map(code_of)
PHASES = st.lists(st.sampled_from([*Phase]), max_size=8).flatmap(
    lambda names: st.tuples(
        st.just([name.value for name in names]),
        st.sampled_from([1, 2]).flatmap(
            lambda times: st.lists(CODES, min_size=times * len(names), max_size=times * len(names))
        ),
        st.lists(st.floats(-50, 50, width=32), min_size=len(names), max_size=len(names)),
    )
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PHASES)
async def test_both_unfold_phases_alike(store: Store, given_phases: tuple[list[str], list[int], list[float]]) -> None:
    names, codes, gaps = given_phases
    there = await store.value("SELECT unfolded_phases($1, $2, $3)", names, codes, gaps)
    here = unfolded_phases(",".join(names), codes, gaps)
    assert [one.phase for one in here] == [one["phase"] for one in there]
    for one, other in zip(here, there, strict=True):
        for mine, its in ((one.start_ms, other["startMs"]), (one.duration_ms, other["durationMs"])):
            assert abs(mine - its) <= 0.002 + 1e-6 * its
