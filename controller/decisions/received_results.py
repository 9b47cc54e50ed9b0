"""Whether a message on RESULTS can be a check's result of the location that sent it. Pure.

It need not be expected for that: only the store knows which checks a location was to run.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from controller.decisions.canaries import canary_monitor
from shared.epoch import to_datetime, to_ms
from shared.wire import subjects
from shared.wire.messages import CheckResult
from shared.wire.rounds import Purpose, check_id

LARGEST_BYTES = 512 * 1024
"""With its event's envelope a result must stay below the broker's limit of 1 MiB."""

OLDEST = timedelta(days=29)
NEWEST = timedelta(days=1)
"""A result's moments are not further from now."""


class RejectionReason(StrEnum):
    """Why a message on RESULTS became a dead letter."""

    TOO_LARGE = "too_large"
    NOT_A_RESULT = "not_a_result"
    ANOTHER_LOCATION = "another_location"
    WRONG_CHECK_ID = "wrong_check_id"
    WRONG_MOMENT = "wrong_moment"
    UNSTORABLE = "unstorable"
    UNKNOWN_ORIGIN = "unknown_origin"
    NOT_EXPECTED = "not_expected"
    UNSIGNED = "unsigned"
    UNKNOWN_KEY = "unknown_key"
    ENDED_KEY = "ended_key"
    WRONG_SIGNATURE = "wrong_signature"


class RefusedError(Exception):
    """A message on RESULTS that cannot be a result of ours. `why` is the reason as one word, the text is a sentence."""

    def __init__(self, why: RejectionReason, text: str) -> None:
        super().__init__(text)
        self.why = why


def read_result(subject: str, body: bytes, now: datetime) -> CheckResult:
    """The result in a message that came on `subject` at `now`. Raises RefusedError."""
    if len(body) > LARGEST_BYTES:
        raise RefusedError(RejectionReason.TOO_LARGE, f"larger than {LARGEST_BYTES} bytes")
    try:
        result = msgspec.json.decode(body, type=CheckResult)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(RejectionReason.NOT_A_RESULT, f"not a result: {error}") from error
    _check_origin(result, subject)
    _check_moments(result, now)
    if result.purpose is Purpose.CANARY and result.monitor_id != canary_monitor(result.location):
        raise RefusedError(RejectionReason.NOT_EXPECTED, "a canary that is not this location's")
    if result.duration_ms < 0:
        raise RefusedError(RejectionReason.NOT_A_RESULT, "not a result: its duration is negative")
    return result


def _check_origin(result: CheckResult, subject: str) -> None:
    """Raises RefusedError, unless the subject is its location's and its id is that of its check."""
    try:
        expected = subjects.result(result.country, result.location)
        identity = check_id(result.monitor_id, to_ms(result.due_at), result.location, result.purpose)
    except (ValueError, TypeError, OverflowError) as error:
        raise RefusedError(RejectionReason.NOT_A_RESULT, f"not a result: {error}") from error
    if expected != subject:
        raise RefusedError(RejectionReason.ANOTHER_LOCATION, "another location's result")
    if identity != result.check_id:
        text = "the check id does not belong to this monitor, moment, location and purpose"
        raise RefusedError(RejectionReason.WRONG_CHECK_ID, text)


def _check_moments(result: CheckResult, now: datetime) -> None:
    """Raises RefusedError, unless its moments can be stored and are near."""
    if to_datetime(to_ms(result.due_at)) != result.due_at:
        raise RefusedError(RejectionReason.WRONG_MOMENT, "the due moment is not in whole milliseconds")
    for moment, name in ((result.due_at, "the due moment"), (result.started_at, "the start")):
        if not now - OLDEST < moment < now + NEWEST:
            raise RefusedError(RejectionReason.WRONG_MOMENT, f"{name} is too long ago or in the future")
