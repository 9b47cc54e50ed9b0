"""The detail of a result is stored and published; one that cannot be read never costs the result."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import structlog

from controller.metrics.counts import Counts
from controller.pipeline.ingestor import Ingestor
from controller.store.checks.history import check_history
from shared.wire.details import LONGEST_DETAIL
from shared.wire.targets import BaseDetail
from tests.integration.pipeline.ingest_case import IngestCase
from tests.integration.pipeline.small_installation import SmallInstallation, a_result


class GravityDetail(BaseDetail, frozen=True, kw_only=True, tag_field="kind", tag="gravity"):
    metres: float


RIGHT = {"kind": "gravity", "metres": 9.5, "later": [{"b": 'ü"'}]}


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def ingesting(small_installation: SmallInstallation, ingest_case: IngestCase, counts: Counts) -> IngestCase:
    """An ingestor that knows the details of one kind."""
    ingestor = Ingestor(small_installation.db, small_installation.bus, counts, details={"gravity": GravityDetail})
    return IngestCase(ingestor, ingest_case.consumer, ingest_case.batches)


async def test_a_detail_is_stored_and_published_with_fields_of_a_newer_version(
    small_installation: SmallInstallation, ingesting: IngestCase
) -> None:
    monitor = await small_installation.monitor(kind="gravity")
    result = msgspec.structs.replace(a_result(monitor), detail=RIGHT)
    await small_installation.report(result)
    await ingesting.drain()
    [event] = await small_installation.events()
    assert event.result.detail == RIGHT
    number = await small_installation.value("SELECT id FROM monitor")
    [stored] = await check_history(small_installation.db, number, monitor, limit=5)
    assert stored.detail == RIGHT


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        pytest.param({"kind": "levity", "metres": 1}, "unknown_kind", id="of an unknown kind"),
        pytest.param({"kind": "gravity", "metres": "far"}, "invalid", id="with a wrong field"),
        pytest.param({"kind": "gravity", "metres": 1, "x": "y" * LONGEST_DETAIL}, "too_large", id="too large"),
        pytest.param(5, "unknown_kind", id="a number"),
    ],
)
async def test_a_detail_that_cannot_be_read_is_left_out_of_its_result(
    small_installation: SmallInstallation, ingesting: IngestCase, counts: Counts, detail: Any, reason: str
) -> None:
    monitor = await small_installation.monitor(kind="gravity")
    wrong = msgspec.structs.replace(a_result(monitor), detail=detail)
    right = msgspec.structs.replace(a_result(monitor, "US"), detail=RIGHT)
    await small_installation.report(wrong)
    await small_installation.report(right)
    with structlog.testing.capture_logs() as logged:
        await ingesting.drain()
    events = await small_installation.events()
    assert [event.result for event in events] == [msgspec.structs.replace(wrong, detail=None), right]
    assert await small_installation.value("SELECT count(*) FROM result WHERE detail IS NULL") == 1
    assert await small_installation.value("SELECT count(*) FROM dead_letter") == 0
    assert [line for line in logged if line["event"] == "details_dropped"] == [
        {"event": "details_dropped", "log_level": "warning", "location": "de", "reason": reason, "results": 1}
    ]
    assert {reason: number for reason, [number] in counts.details_dropped.state().items() if number} == {reason: 1}


async def test_a_detail_of_any_depth_holds_no_other_result_up(
    small_installation: SmallInstallation, ingesting: IngestCase
) -> None:
    """A hostile location may send one that can only just be decoded, and so cannot be encoded inside an event."""
    for levels in range(900, 1000, 2):
        deep = msgspec.structs.replace(
            a_result(await small_installation.monitor(kind="gravity")), detail=RIGHT | {"later": "HERE"}
        )
        body = msgspec.json.encode(deep).replace(b'"HERE"', b"[" * levels + b"]" * levels)
        await small_installation.report(deep, body=body)
    await small_installation.report(a_result(await small_installation.monitor(kind="gravity")))
    await ingesting.drain()
    events = await small_installation.events()
    assert events
    assert all(event.result.detail is None for event in events)


async def test_a_detail_of_another_kind_than_the_monitors_is_left_out_too(
    small_installation: SmallInstallation, ingesting: IngestCase, counts: Counts
) -> None:
    result = msgspec.structs.replace(a_result(await small_installation.monitor(kind="smtp")), detail=RIGHT)
    await small_installation.report(result)
    await ingesting.drain()
    assert [event.result for event in await small_installation.events()] == [
        msgspec.structs.replace(result, detail=None)
    ]
    assert await small_installation.value("SELECT count(*) FROM result WHERE detail IS NULL") == 1
    assert counts.details_dropped.state()["invalid"] == [1]
