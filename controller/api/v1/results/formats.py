"""Results as lines of a file: NDJSON, or CSV (RFC 4180) for spreadsheets and databases.

A text cell that a spreadsheet would take for a formula, because it begins with = + - @, a tab or a line break, gets an
apostrophe in front. Numbers, moments, ids and words of closed lists are written as they are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from controller.api.v1.results.items import result_item, rounded, summed
from controller.http.timestamps import timestamp
from controller.store.checks.result_history import HistoryRecord
from shared.wire.failures import CheckWarning, Phase

_FORMULA = frozenset("=+-@\t\r\n")
_TIMED = tuple(phase for phase in Phase if phase is not Phase.UNKNOWN)

COLUMNS = (
    *("checkId", "customerId", "monitorId", "monitorName", "kind", "location", "country", "agent", "purpose", "status"),
    *("dueAt", "startedAt", "durationMs"),
    *(f"{phase.value}Ms" for phase in _TIMED),
    *("failureKind", "failurePhase", "failureSource", "failureDetail", "warnings", "address", "facts", "loopLagMs"),
    *("kernelRttMs", "loginWithheld", "detail", "rounded"),
)

_ENCODER = msgspec.json.Encoder()


class Format(NamedTuple):
    """A format of results: its line, its header, its media type and its file extension."""

    media_type: str
    suffix: str
    head: bytes
    lines: Callable[[Sequence[HistoryRecord]], bytes]


def ndjson_lines(results: Sequence[HistoryRecord]) -> bytes:
    return bytes(_ENCODER.encode_lines([result_item(found) for found in results]))


def csv_lines(results: Sequence[HistoryRecord]) -> bytes:
    return _csv([_cells(found) for found in results])


def plain(text: str | None) -> str | None:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text and text[0] in _FORMULA else text


def _cells(found: HistoryRecord) -> tuple[object, ...]:
    failure, timings = found.failure, summed(found.phases)
    return (
        found.check_id,
        found.customer,
        found.monitor,
        plain(found.monitor_name),
        found.kind,
        found.location,
        found.country,
        plain(found.agent),
        found.purpose.value,
        found.status.value,
        timestamp(found.due_at),
        timestamp(found.started_at),
        round(found.duration_ms, 3),
        *(timings.get(phase) for phase in _TIMED),
        failure.kind.value if failure else None,
        failure.phase.value if failure and failure.phase else None,
        failure.source.value if failure else None,
        plain(failure.detail) if failure else None,
        "; ".join(map(_warning, found.warnings)),
        found.address,
        _ENCODER.encode(found.facts).decode() if found.facts else None,
        rounded(found.loop_lag_ms),
        rounded(found.kernel_rtt_ms),
        "true" if found.login_withheld else "false",
        _ENCODER.encode(found.detail).decode() if found.detail else None,
        "true" if found.rounded else "false",
    )


def _warning(warning: CheckWarning) -> str:
    return f"{warning.kind.value}: {warning.detail}" if warning.detail else warning.kind.value


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)  # CRLF, and quotes only where needed
    return text.getvalue().encode()


NDJSON = Format("application/x-ndjson", "ndjson", b"", ndjson_lines)
CSV = Format("text/csv", "csv", _csv([COLUMNS]), csv_lines)
