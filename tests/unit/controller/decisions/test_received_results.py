"""What comes on RESULTS is a result of the location that sent it, of a check with this id, and near now; or it is
refused with a reason.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from controller.decisions.canaries import canary_monitor
from controller.decisions.received_results import (
    LARGEST_BYTES,
    NEWEST,
    OLDEST,
    RefusedError,
    RejectionReason,
    read_result,
)
from shared.epoch import to_ms
from shared.wire import subjects
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, check_id

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SUBJECT = subjects.result("DE", "de")
MILLISECOND = timedelta(milliseconds=1)
Change = Callable[[dict[str, Any]], object]


def result_of(**given: Any) -> CheckResult:
    """A result of location de that is right, but for what is given; its id belongs to it."""
    values: dict[str, Any] = {
        "monitor_id": uuid4(),
        "location": "de",
        "country": "DE",
        "purpose": Purpose.SCHEDULED,
        "due_at": NOW - timedelta(seconds=10),
        "started_at": NOW - timedelta(seconds=9),
        "duration_ms": 12.5,
    } | given
    values["check_id"] = given.get("check_id") or check_id(
        values["monitor_id"], to_ms(values["due_at"]), values["location"], values["purpose"]
    )
    return CheckResult(agent="a", **values)


def refusal(body: bytes, subject: str = SUBJECT) -> tuple[RejectionReason, str]:
    with pytest.raises(RefusedError) as refused:
        read_result(subject, body, NOW)
    return refused.value.why, str(refused.value)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_result_of_every_purpose_is_read(purpose: Purpose) -> None:
    monitor = canary_monitor("de") if purpose is Purpose.CANARY else uuid4()
    result = result_of(purpose=purpose, monitor_id=monitor)
    assert read_result(SUBJECT, msgspec.json.encode(result), NOW) == result


@pytest.mark.parametrize("moment", [NOW - OLDEST + MILLISECOND, NOW + NEWEST - MILLISECOND])
def test_moments_may_be_as_far_as_the_limits(moment: datetime) -> None:
    result = result_of(due_at=moment, started_at=moment)
    assert read_result(SUBJECT, msgspec.json.encode(result), NOW) == result


@pytest.mark.parametrize(
    ("given", "why", "text"),
    [
        ({"location": "us"}, RejectionReason.ANOTHER_LOCATION, "another location's"),
        ({"country": "US"}, RejectionReason.ANOTHER_LOCATION, "another location's"),
        ({"location": "a.b"}, RejectionReason.NOT_A_RESULT, "not a result: "),
        ({"location": ""}, RejectionReason.NOT_A_RESULT, "not a result: "),
        ({"check_id": uuid4()}, RejectionReason.WRONG_CHECK_ID, "does not belong to this monitor"),
        ({"due_at": NOW + MILLISECOND / 2}, RejectionReason.WRONG_MOMENT, "not in whole milliseconds"),
        ({"due_at": NOW - OLDEST}, RejectionReason.WRONG_MOMENT, "the due moment is too long ago"),
        ({"due_at": NOW + NEWEST}, RejectionReason.WRONG_MOMENT, "the due moment is too long ago or in the future"),
        ({"started_at": NOW - OLDEST}, RejectionReason.WRONG_MOMENT, "the start is too long ago"),
        ({"started_at": NOW + NEWEST}, RejectionReason.WRONG_MOMENT, "the start is too long ago or in the future"),
        ({"purpose": Purpose.CANARY}, RejectionReason.NOT_EXPECTED, "a canary that is not this location's"),
        (
            {"purpose": Purpose.CANARY, "monitor_id": canary_monitor("us")},
            RejectionReason.NOT_EXPECTED,
            "a canary that is not this location's",
        ),
        ({"duration_ms": -0.1}, RejectionReason.NOT_A_RESULT, "its duration is negative"),
    ],
)
def test_a_result_that_cannot_be_ours_is_refused_with_its_reason(
    given: dict[str, Any], why: RejectionReason, text: str
) -> None:
    found, said = refusal(msgspec.json.encode(result_of(**given)))
    assert found is why
    assert text in said


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'"\\ud800"', b"[" * 100_000, b'{"checkId": "1"}'])
def test_what_is_no_result_is_refused(body: bytes) -> None:
    assert refusal(body)[0] is RejectionReason.NOT_A_RESULT


def test_a_message_that_is_too_large_is_not_even_parsed() -> None:
    assert refusal(b"[" * (LARGEST_BYTES + 1)) == (RejectionReason.TOO_LARGE, f"larger than {LARGEST_BYTES} bytes")
    whole = msgspec.json.encode(result_of())
    assert read_result(SUBJECT, whole + b" " * (LARGEST_BYTES - len(whole)), NOW)


def test_moments_of_all_years_are_answered() -> None:
    """The first and the last moment that a date can be are refused like any other."""
    for moment in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC, microsecond=999_000)):
        assert refusal(msgspec.json.encode(result_of(due_at=moment)))[0] is RejectionReason.WRONG_MOMENT
        assert refusal(msgspec.json.encode(result_of(started_at=moment)))[0] is RejectionReason.WRONG_MOMENT
