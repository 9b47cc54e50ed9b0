"""What fuzzing found once, and the examples it begins with, hold today."""

from __future__ import annotations

import pytest

from tests.fuzz.target import CASES, GROUPS, cases_of, names_of, target

NAMES = [name for group in GROUPS for name in names_of(group)]
FOUND = [pytest.param(name, path.name, id=f"{name} {path.name}") for name in NAMES for path in cases_of(name)]


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_of_a_target_pass(name: str) -> None:
    found = target(name)
    for seed in found.seeds:
        found.check(seed)


@pytest.mark.parametrize(("name", "case"), FOUND)
def test_what_failed_once_passes(name: str, case: str) -> None:
    target(name).check((CASES / name / case).read_bytes())


def test_every_case_belongs_to_a_target() -> None:
    assert {path.name for path in CASES.iterdir()} <= set(NAMES)
