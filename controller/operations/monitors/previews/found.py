"""What a preview of a policy finds out."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from controller.decisions.evaluation.policy import Policy
from controller.decisions.replay.comparison import DifferingIncident


class PreviewedPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How many incidents a policy opens, and how long they last all together."""

    incidents: int
    seconds: int


class PreviewedIncident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that is not the same under both policies, and its monitor."""

    monitor: UUID
    name: str
    customer: str
    differing: DifferingIncident


class PolicyPreview(msgspec.Struct, frozen=True, kw_only=True):
    """`monitors` is how many monitors the policy would hold for, `failing` how many of them had a failed check, and
    `replayed` how many of those were replayed in time. `opened` is how many incidents they really had. Of the
    `differing` incidents the first are in `incidents`.
    """

    days: int
    since: datetime
    until: datetime
    monitors: int
    failing: int
    replayed: int
    before: PreviewedPolicy
    after: PreviewedPolicy
    opened: int
    differing: int
    incidents: list[PreviewedIncident]
    policy: Policy
