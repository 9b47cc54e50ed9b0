"""Checks in words, and their paths. Pure."""

from __future__ import annotations

from uuid import UUID

from controller.kinds import words_of
from controller.operations.monitors.report import LoggedCheck
from shared.epoch import to_ms
from shared.wire.explanations import WARNINGS
from shared.wire.failures import Failure
from shared.wire.messages import ResultStatus
from shared.wire.rounds import Purpose
from shared.wire.targets import IpFamily, TlsMode

PURPOSES = {Purpose.SCHEDULED: "scheduled", Purpose.TRIGGERED: "by hand", Purpose.RECHECK: "recheck"}

ENCRYPTION = {
    TlsMode.NONE: "none",
    TlsMode.OPPORTUNISTIC: "STARTTLS when the server offers it",
    TlsMode.REQUIRED: "STARTTLS required",
    TlsMode.IMPLICIT: "TLS from the first byte",
}

FAMILIES = {IpFamily.ANY: "IPv6 or IPv4", IpFamily.IPV4: "IPv4 only", IpFamily.IPV6: "IPv6 only"}


def check_path(monitor: UUID, check: LoggedCheck) -> str:
    return f"/monitors/{monitor}/checks/{check.check_id}?due={to_ms(check.due_at)}"


def outcome_of(check: LoggedCheck, kind: str) -> tuple[str, str]:
    """The state of a check by itself, and the same in words."""
    match check.status:
        case ResultStatus.SUCCESS if check.warnings:
            return "degraded", f"passed with a warning: {spelled(check.warnings[0].kind)}"
        case ResultStatus.SUCCESS:
            return "up", "passed"
        case ResultStatus.FAILURE:
            return "down", f"failed: {_where(check.failure, kind)}"
        case _:
            return "unknown", f"could not check, the fault is ours: {_where(check.failure, kind)}"


def warning_meanings(check: LoggedCheck) -> list[str]:
    return [WARNINGS[warning.kind].meaning.replace("`", "") for warning in check.warnings]


def spelled(word: str) -> str:
    """A word of the vocabulary as people read it."""
    return word.replace("_", " ")


def _where(failure: Failure | None, kind: str) -> str:
    if failure is None:
        return "unknown"
    return (
        f"{spelled(failure.kind)} in {words_of(kind).phase_name(failure.phase)}"
        if failure.phase
        else spelled(failure.kind)
    )
