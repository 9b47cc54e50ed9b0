"""A result that is replayed says when its times are rounded."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from controller.streaming.replayed_results import replayed_body
from tests.unit.controller.api.test_result_formats import record


@pytest.mark.parametrize("is_rounded", [False, True])
def test_only_rounded_results_are_marked(is_rounded: bool) -> None:
    event = msgspec.json.decode(replayed_body(UUID(int=9), record(rounded=is_rounded)))
    assert event["replayed"] is True
    assert event.get("rounded", False) is is_rounded
    assert ("rounded" in event) is is_rounded
