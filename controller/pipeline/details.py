"""Leave out details of results that this version cannot read, as an agent of a newer version may send them, and those
of another kind than the monitor's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
import structlog

from controller.metrics.counts import Counts
from shared.wire.details import DetailFault, Details, fault_of
from shared.wire.messages import CheckResult

log = structlog.get_logger()


def with_good_details(results: Sequence[CheckResult], counts: Counts, kinds: Details) -> list[CheckResult]:
    """The same results, without the details that are unknown, wrong or too large. These are counted, and logged as one
    line for each location and reason. `kinds` are the details that this version can read.
    """
    kept: list[CheckResult] = []
    dropped: Counter[tuple[str, DetailFault]] = Counter()
    for result in results:
        fault = fault_of(result.detail, kinds)
        if fault is not None:
            counts.details_dropped.add((fault,))
            dropped[result.location, fault] += 1
        kept.append(result if fault is None else msgspec.structs.replace(result, detail=None))
    for (location, fault), number in dropped.items():
        log.warning("details_dropped", location=location, reason=fault.value, results=number)
    return kept


def of_kind(result: CheckResult, kind: str, counts: Counts) -> CheckResult:
    """The result of a monitor of this kind, without the detail of another kind. The store leaves that out too."""
    if result.detail is None or result.detail["kind"] == kind:
        return result
    counts.details_dropped.add((DetailFault.INVALID,))
    log.warning("details_dropped", location=result.location, reason=DetailFault.INVALID.value, results=1)
    return msgspec.structs.replace(result, detail=None)
