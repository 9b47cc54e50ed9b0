"""What a check must not blame on the server, because our own event loop or our own resolver may have caused it."""

from __future__ import annotations

import msgspec

from agent.net.resolve import Resolver
from shared.wire.failures import Failure, FailureKind, FailureSource, Phase

BLOCKED_SECONDS = 1.0
"""A deadline is the agent's fault if its own event loop was blocked for longer than this, or for half the timeout."""


def explains_timeout(blocked: float, timeout_seconds: float) -> bool:
    """Whether a loop that was blocked for so many seconds may have missed the deadline of a check itself."""
    return blocked > min(BLOCKED_SECONDS, timeout_seconds / 2)


async def attributed(failure: Failure, blocked: float, timeout_seconds: float, resolver: Resolver) -> Failure:
    """The failure of a check during which the loop was blocked for so long, with its true source."""
    if failure.source is not FailureSource.TARGET:
        return failure
    if failure.kind is FailureKind.TIMEOUT and explains_timeout(blocked, timeout_seconds):
        return Failure(
            kind=FailureKind.AGENT_ERROR,
            source=FailureSource.AGENT,
            phase=failure.phase,
            detail=f"the agent itself was blocked for {blocked:.1f} s during this check",
        )
    if failure.phase is Phase.RESOLVE and not await resolver.answers():
        return msgspec.structs.replace(failure, source=FailureSource.RESOLVER)
    return failure
