"""Who was told of an incident because nobody took it, and who is told next, in words. Pure."""

from __future__ import annotations

from datetime import datetime

import msgspec

from controller.operations.on_call.incident_steps import IncidentSteps
from controller.pages.settings.escalation.view import whom_words


class StepLine(msgspec.Struct, frozen=True, kw_only=True):
    """A step that was told."""

    number: int
    at: datetime
    names: str


class StepsView(msgspec.Struct, frozen=True, kw_only=True):
    """The steps of a policy. `following` says whom the next one tells; empty without one."""

    policy: str
    done: list[StepLine]
    following: str
    number: int
    at: datetime | None


def steps_view(found: IncidentSteps | None) -> StepsView | None:
    """None when there is nothing to say."""
    if found is None or (not found.done and found.next_number is None):
        return None
    following = "" if found.next_number is None else whom_words(found.policy.steps[found.next_number])
    return StepsView(
        policy=found.policy.name,
        done=[StepLine(number=one.number, at=one.at, names=", ".join(one.names) or "nobody") for one in found.done],
        following=following,
        number=0 if found.next_number is None else found.next_number + 1,
        at=found.next_at,
    )
