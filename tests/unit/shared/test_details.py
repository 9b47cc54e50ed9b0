"""Which details of results are kept: those that their kind declares, and not too large ones."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from shared.wire.details import DEEPEST_DETAIL, LONGEST_DETAIL, DetailFault, fault_of
from shared.wire.targets import BaseDetail


class TripDetail(BaseDetail, frozen=True, kw_only=True, tag_field="kind", tag="trip"):
    delivered_ms: float
    hops: list[str] = msgspec.field(default_factory=list)


def nested(levels: int) -> list[Any]:
    """So many lists inside each other."""
    found: list[Any] = []
    for _ in range(levels - 1):
        found = [found]
    return found


KINDS: dict[str, type[BaseDetail]] = {"trip": TripDetail}
RIGHT = {"kind": "trip", "deliveredMs": 1.5}
_FILLER = LONGEST_DETAIL - len(msgspec.json.encode(RIGHT | {"hops": [""]}))


@pytest.mark.parametrize(
    ("detail", "fault"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(RIGHT, None, id="a detail"),
        pytest.param(RIGHT | {"fromTheFuture": {"a": [1]}}, None, id="with a field of a newer version"),
        pytest.param(RIGHT | {"hops": ["x" * _FILLER]}, None, id="as large as may be"),
        pytest.param(RIGHT | {"hops": ["x" * (_FILLER + 1)]}, DetailFault.TOO_LARGE, id="a byte larger"),
        pytest.param(RIGHT | {"later": nested(DEEPEST_DETAIL - 1)}, None, id="as deep as may be"),
        pytest.param(RIGHT | {"later": nested(DEEPEST_DETAIL + 1)}, DetailFault.INVALID, id="deeper"),
        pytest.param(RIGHT | {"later": nested(5_000)}, DetailFault.INVALID, id="much deeper"),
        pytest.param({"kind": "gravity"}, DetailFault.UNKNOWN_KIND, id="of a kind that is not known"),
        pytest.param({"deliveredMs": 1.5}, DetailFault.UNKNOWN_KIND, id="without a kind"),
        pytest.param({"kind": ["trip"]}, DetailFault.UNKNOWN_KIND, id="whose kind is no text"),
        pytest.param("trip", DetailFault.UNKNOWN_KIND, id="a text"),
        pytest.param([RIGHT], DetailFault.UNKNOWN_KIND, id="a list"),
        pytest.param({"kind": "trip"}, DetailFault.INVALID, id="without a field that it must have"),
        pytest.param(RIGHT | {"hops": 5}, DetailFault.INVALID, id="with a field of another type"),
    ],
)
def test_only_a_detail_that_its_kind_declares_has_no_fault(detail: Any, fault: DetailFault | None) -> None:
    assert fault_of(detail, KINDS) is fault
