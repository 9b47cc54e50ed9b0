"""Results as lines of NDJSON and CSV: they read back unchanged, and are harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.api.v1.results.formats import COLUMNS, CSV, NDJSON, plain
from controller.store.checks.result_history import HistoryRecord
from shared.wire.failures import CheckWarning, Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import PhaseTiming, ResultStatus
from shared.wire.rounds import Purpose

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def record(**fields: Any) -> HistoryRecord:
    values: dict[str, Any] = {
        "monitor_id": 1,
        "location_id": 1,
        "check_id": UUID(int=1),
        "customer": UUID(int=2),
        "monitor": UUID(int=3),
        "monitor_name": "MX",
        "kind": "smtp",
        "location": "de-nbg",
        "country": "DE",
        "purpose": Purpose.SCHEDULED,
        "status": ResultStatus.SUCCESS,
        "due_at": NOON,
        "started_at": NOON,
        "duration_ms": 31.2000008,
        "agent": "host-1",
        "address": "192.0.2.25",
        "failure": None,
        "phases": [],
        "warnings": [],
        "facts": {},
        "loop_lag_ms": None,
        "kernel_rtt_ms": None,
        "login_withheld": False,
        "rounded": False,
        "detail": None,
    }
    return HistoryRecord(**{**values, **fields})


def rows(*records: HistoryRecord) -> list[dict[str, str]]:
    text = (CSV.head + CSV.lines(records)).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        pytest.param("=HYPERLINK(1)", "'=HYPERLINK(1)", id="an equals sign: a formula"),
        pytest.param("+1", "'+1", id="a plus"),
        pytest.param("-1", "'-1", id="a minus"),
        pytest.param("@SUM(1)", "'@SUM(1)", id="an at sign"),
        pytest.param("\t=1", "'\t=1", id="a tab, which a spreadsheet drops"),
        pytest.param("\r=1", "'\r=1", id="a carriage return"),
        pytest.param("\n=1", "'\n=1", id="a line feed"),
        pytest.param("1=1", "1=1", id="a sign further on is harmless"),
        pytest.param("", "", id="nothing"),
        pytest.param(None, None, id="no text at all"),
    ],
)
def test_a_text_that_would_be_calculated_has_an_apostrophe_before_it(text: str | None, cell: str | None) -> None:
    assert plain(text) == cell


def test_no_cell_that_somebody_else_wrote_is_a_formula() -> None:
    evil = "=1+1"
    [row] = rows(
        record(
            monitor_name=evil,
            agent=evil,
            failure=Failure(kind=FailureKind.UNKNOWN, source=FailureSource.TARGET, detail=evil),
            warnings=[CheckWarning(kind=WarningKind.SLOW, detail=evil)],
            facts={evil: evil},
        )
    )
    assert not [name for name, cell in row.items() if cell[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"}]


def test_every_column_has_its_cell() -> None:
    [row] = rows(
        record(
            status=ResultStatus.FAILURE,
            failure=Failure(
                kind=FailureKind.REFUSED, source=FailureSource.TARGET, phase=Phase.CONNECT, detail='said "no", twice'
            ),
            phases=[
                PhaseTiming(phase=Phase.EHLO, start_ms=0, duration_ms=1.25),
                PhaseTiming(phase=Phase.EHLO, start_ms=2, duration_ms=1.5),
                PhaseTiming(phase=Phase.UNKNOWN, start_ms=2, duration_ms=9),
            ],
            warnings=[CheckWarning(kind=WarningKind.SLOW), CheckWarning(kind=WarningKind.TLS_WEAK, detail="TLSv1.0")],
            facts={"banner": "mx"},
            kernel_rtt_ms=0.1234567,
            login_withheld=True,
            detail={"kind": "trip", "hops": ["a", "b"]},
        )
    )
    filled = {name: cell for name, cell in row.items() if cell}
    assert filled == {
        "checkId": str(UUID(int=1)),
        "customerId": str(UUID(int=2)),
        "monitorId": str(UUID(int=3)),
        "monitorName": "MX",
        "kind": "smtp",
        "location": "de-nbg",
        "country": "DE",
        "agent": "host-1",
        "purpose": "scheduled",
        "status": "failure",
        "dueAt": "2026-01-31T12:00:00.000Z",
        "startedAt": "2026-01-31T12:00:00.000Z",
        "durationMs": "31.2",
        "ehloMs": "2.75",
        "failureKind": "refused",
        "failurePhase": "connect",
        "failureSource": "target",
        "failureDetail": 'said "no", twice',
        "warnings": "slow; tls_weak: TLSv1.0",
        "address": "192.0.2.25",
        "facts": '{"banner":"mx"}',
        "kernelRttMs": "0.123",
        "loginWithheld": "true",
        "detail": '{"kind":"trip","hops":["a","b"]}',
        "rounded": "false",
    }


def test_the_phases_are_columns_in_the_order_of_a_check() -> None:
    timed = [name for name in COLUMNS if name.removesuffix("Ms") in set(Phase)]
    assert (timed[0], timed[-1], len(timed)) == ("resolveMs", "quitMs", len(Phase) - 1)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), max_size=4))
def test_texts_come_through_csv_and_ndjson_as_they_were(texts: list[tuple[str, str]]) -> None:
    records = [
        record(monitor_name=name, failure=Failure(kind=FailureKind.UNKNOWN, source=FailureSource.TARGET, detail=detail))
        for name, detail in texts
    ]
    assert [(row["monitorName"], row["failureDetail"]) for row in rows(*records)] == [
        (plain(name), plain(detail)) for name, detail in texts
    ]
    lines = NDJSON.lines(records).split(b"\n")
    assert lines.pop() == b""
    decoded = [json.loads(line) for line in lines]
    assert [(item["monitorName"], item["failure"]["detail"]) for item in decoded] == texts


def test_lines_of_csv_end_as_the_rfc_says() -> None:
    """RFC 4180, section 2."""
    assert CSV.head.endswith(b"quitMs,failureKind,failurePhase,failureSource,failureDetail,warnings,address,facts,"
                             b"loopLagMs,kernelRttMs,loginWithheld,detail,rounded\r\n")  # fmt: skip
    assert CSV.lines([record(), record()]).count(b"\r\n") == 2
