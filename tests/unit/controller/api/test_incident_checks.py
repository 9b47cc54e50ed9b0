"""A check of an incident says when its duration is rounded."""

from __future__ import annotations

import pytest

from controller.api.v1.incidents.checks import incident_check
from tests.unit.controller.pages.checks import a_check


@pytest.mark.parametrize("is_rounded", [False, True])
def test_only_rounded_checks_are_marked(is_rounded: bool) -> None:
    assert incident_check(a_check(rounded=is_rounded)).rounded is is_rounded
