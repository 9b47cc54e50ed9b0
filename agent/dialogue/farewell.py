"""The end of a session whose check has passed: QUIT or LOGOUT, for which nobody's mail waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from agent.dialogue.deadline import Deadline
from agent.dialogue.phases import Phases
from shared.wire.failures import CheckWarning, Phase, WarningKind

LONGEST_SECONDS = 5.0
"""How long an answer is awaited, if the deadline of the check is not nearer."""


async def end_session(answer: Awaitable[object], phases: Phases, deadline: Deadline) -> list[CheckWarning]:
    """Await the answer to QUIT or LOGOUT, until the `deadline` of the check at most.

    A server that does not answer in time is up with a warning; one that closes the connection instead is as good as
    one that answers.
    """
    seconds = max(0.0, min(LONGEST_SECONDS, deadline.seconds_left))
    deadline.leave_to_caller()  # what ends at that moment is only the wait, never the check, which has passed
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
