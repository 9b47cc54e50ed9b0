"""A simulated year with windows: nobody is notified inside, nobody misses what lasts on after."""

from __future__ import annotations

import random  # noqa: TID251 - chance is what is simulated

import pytest

from tests.bench.simulated.maintenance import MaintainedYear, Mistakes, mistakes, windows_of
from tests.bench.simulated.year import year_of


@pytest.mark.parametrize("interval", [60, 300, 3600])
@pytest.mark.parametrize("seed", range(4))
def test_nobody_is_notified_inside_and_nobody_misses_what_lasts(interval: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a repeatable year
    disturbances = year_of(chance)
    year = MaintainedYear(disturbances, chance, interval, windows_of(chance))
    year.run()
    assert mistakes(year, disturbances, interval) == Mistakes(0, 0, 0)
    assert year.told
