"""What the repeat of a check says that did not pass with several commands at once. Pure.

The repeat makes a second connection right after the first one, which some servers refuse: that is our doing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from shared.wire.failures import Failure, FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import CheckResult

WaitToRepeat: TypeAlias = Callable[[float], Awaitable[str | None]]
"""Waits at most so many seconds until the check may connect once more. Returns why it may not, in words, or None."""

_PIPELINED = frozenset({Phase.MAILBOX, Phase.ENVELOPE, Phase.QUIT})

_REFUSALS = frozenset(
    {
        FailureKind.TEMPORARY_REFUSAL,
        FailureKind.POLICY_REFUSAL,
        FailureKind.STARTTLS_REFUSED,
        FailureKind.LOGIN_REFUSED,
        FailureKind.LOGIN_UNAVAILABLE,
    }
)
"""How a server says that it has too many connections or logins, or not yet released the session before."""


def refusal_of_repeat(repeat: CheckResult) -> str | None:
    """Why the repeat did not come as far as the first run, if the server refused to let it, in words.

    A server that cannot be reached any more, or hangs, refuses nothing: that is its own failure.
    """
    failure = repeat.failure
    if failure is None:
        return next((each.detail for each in repeat.warnings if each.kind is WarningKind.MAILBOX_BUSY), None)
    if failure.source is FailureSource.TARGET and failure.phase not in _PIPELINED and failure.kind in _REFUSALS:
        return described(failure)
    return None


def not_repeated(result: CheckResult, first: Failure, why: str) -> CheckResult:
    """The result of a check of which nothing is known but that it failed with several commands at once."""
    phase = first.phase if result.failure is None else result.failure.phase
    failure = Failure(
        kind=FailureKind.AGENT_ERROR,
        source=FailureSource.AGENT,
        phase=phase,
        detail=f"the check could not be repeated with one command at a time: {why}",
    )
    facts = {**result.facts, "pipeliningFailed": described(first)}
    return msgspec.structs.replace(result, failure=failure, facts=facts)


def described(failure: Failure) -> str:
    where = f" in {failure.phase}" if failure.phase else ""
    return f"{failure.kind}{where}: {failure.detail}".removesuffix(": ")
