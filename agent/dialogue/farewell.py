"""The end of a session whose check has passed: QUIT or LOGOUT, for which nobody's mail waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from agent.dialogue.phases import Phases
from shared.wire.failures import CheckWarning, Phase, WarningKind

LONGEST_SECONDS = 5.0
"""How long an answer is awaited, if the deadline of the check is not nearer."""

_MARGIN_SECONDS = 0.05
"""How long before the deadline of the check the wait ends, so that it is not the check that ends there."""


async def end_session(answer: Awaitable[object], phases: Phases, deadline: float) -> list[CheckWarning]:
    """Await the answer to QUIT or LOGOUT; `deadline` is that of the check, in the loop's time.

    A server that does not answer in time is up with a warning; one that closes the connection instead is as good as
    one that answers.
    """
    now = asyncio.get_running_loop().time()
    seconds = max(0.0, min(LONGEST_SECONDS, deadline - now - _MARGIN_SECONDS))
    with phases(Phase.QUIT):
        try:
            async with asyncio.timeout(seconds):
                await answer
        except TimeoutError:
            until = f"for {seconds:g} s" if seconds == LONGEST_SECONDS else "before the deadline of the check"
            detail = f"no answer {until}"
            return [CheckWarning(kind=WarningKind.QUIT_UNANSWERED, detail=detail)]
        except (EOFError, OSError):
            return []
    return []
