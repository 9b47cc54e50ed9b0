"""Results at the controller: a result with its subject and check id, or a refusal whose reason is one sentence."""

from __future__ import annotations

import msgspec

from controller.decisions.received_results import RefusedError, read_result
from shared.clock import utc_now
from shared.epoch import to_datetime, to_ms
from shared.wire import subjects
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, check_id
from tests.fuzz.golden import golden


def _current(message: bytes) -> bytes:
    """The same result as of now, so that it is taken."""
    result = msgspec.json.decode(message, type=CheckResult)
    due_at = to_datetime(to_ms(utc_now()))
    named = check_id(result.monitor_id, to_ms(due_at), result.location, result.purpose)
    return msgspec.json.encode(msgspec.structs.replace(result, due_at=due_at, started_at=due_at, check_id=named))


_GOLDEN = golden("CheckResult")
SEEDS = (_current(_GOLDEN[0]), _current(_GOLDEN[1]), *_GOLDEN)


def check(data: bytes) -> None:
    try:
        sent = msgspec.json.decode(data, type=CheckResult)
        subject = subjects.result(sent.country, sent.location)
    except (ValueError, RecursionError):
        subject = subjects.result("DE", "de-nbg")
    try:
        result = read_result(subject, data, utc_now())
    except RefusedError as refused:
        assert str(refused)
        str(refused).encode()
        return
    assert isinstance(result.purpose, Purpose)
    assert result.duration_ms >= 0
    assert msgspec.json.decode(msgspec.json.encode(result), type=CheckResult) == result
