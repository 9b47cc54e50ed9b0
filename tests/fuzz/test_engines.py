"""A minute of fuzzing for each group of targets and each engine, and whether the engines find anything at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import requires
from tests.fuzz.engines import Engine, fuzz, fuzz_group
from tests.fuzz.flawed import check
from tests.fuzz.target import GROUPS, cases_of

SECONDS = 60.0
pytestmark = [pytest.mark.long, pytest.mark.timeout(1500)]


@pytest.mark.parametrize("engine", Engine)
def test_an_engine_finds_a_flaw_and_keeps_what_showed_it(engine: Engine, tmp_path: Path) -> None:
    requires(engine.is_installed, f"{engine} (`make tools`)")
    outcome = fuzz("flawed", engine, SECONDS, tmp_path)
    assert not outcome.passed
    assert outcome.kept == [str(path) for path in cases_of("flawed", tmp_path)]
    with pytest.raises(ValueError, match="a flaw"):
        check(Path(outcome.kept[0]).read_bytes())


@pytest.mark.parametrize("engine", Engine)
@pytest.mark.parametrize("group", GROUPS)
def test_a_minute_of_fuzzing_finds_nothing(group: str, engine: Engine) -> None:
    requires(engine.is_installed, f"{engine} (`make tools`)")
    for outcome in fuzz_group(group, engine, SECONDS):
        assert outcome.passed, outcome.output[-5000:]
        assert outcome.tried
