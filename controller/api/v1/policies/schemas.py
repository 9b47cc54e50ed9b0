"""Policies as callers send and read them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.evaluation.policies import Effective, Origin, preset_of
from controller.decisions.evaluation.policy import STANDARD, Count, Policy, RegionalSeconds, from_thresholds
from controller.errors import InvalidError
from controller.http.openapi import answers
from controller.model import Mode
from controller.operations.monitors.policies import PolicyChange

TAGS = ["Policies"]
_QuorumWord = Literal["any", "majority", "all"]
_THRESHOLDS = ("alert_consecutive_checks", "alert_location_threshold", "alert_location_threshold_count")


class PolicyAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`policy` is the one in force; `from` says whose it is: monitor, customer, organization, or standard where there
    is none. `preset` is the mode of AlertSite that equals it, or null.
    """

    policy: Policy
    preset: Mode | None
    origin: Origin = msgspec.field(name="from")


class PolicyBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Changes of the policy in force. `preset` begins with that preset instead; null removes the own policy, so that
    the one above is in force again. Uptimeify's three thresholds make a policy of their own and must not be sent
    together with other fields.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {"quorum": 2, "rechecks": 1, "recoveryRounds": 2}

    OF_A_MONITOR = True
    IGNORED: ClassVar[frozenset[str]] = frozenset({"from"})

    preset: (
        Annotated[
            Mode | None, Meta(description="Begin with this preset; null removes the own policy.", examples=["SLA"])
        ]
        | UnsetType
    ) = UNSET
    quorum: (
        Annotated[_QuorumWord | Count, Meta(description="How many of the voters must fail in one evaluation.")]
        | UnsetType
    ) = UNSET
    voters: Annotated[Literal["all", "home"], Meta(description="home: the others only recheck it.")] | UnsetType = UNSET
    order: (
        Annotated[Literal["parallel", "sequential"], Meta(description="sequential: one location a round, in turn.")]
        | UnsetType
    ) = UNSET
    rechecks: Annotated[int, Meta(ge=0, le=5, description="Null: 1, and 2 for a single voter.")] | UnsetType | None = (
        UNSET
    )
    consecutive_rounds: (
        Annotated[Count, Meta(description="How many rounds in a row must fail before the rechecks.")] | UnsetType
    ) = UNSET
    recovery_rounds: (
        Annotated[Count, Meta(description="How many good evaluations in a row end an incident.")] | UnsetType
    ) = UNSET
    regional_after_seconds: (
        Annotated[
            RegionalSeconds,
            Meta(description="How long a location must fail for a regional outage. Less than 60 counts as 60."),
        ]
        | UnsetType
    ) = UNSET
    alert_consecutive_checks: Annotated[Count, Meta(description="1 when not given.")] | UnsetType = UNSET
    alert_location_threshold: Annotated[_QuorumWord, Meta(description="majority when not given.")] | UnsetType = UNSET
    alert_location_threshold_count: (
        Annotated[Count, Meta(description="Wins over alertLocationThreshold.")] | UnsetType | None
    ) = UNSET


BODIES = (PolicyAnswer, PolicyBody)

EXAMPLE: dict[str, Any] = {"policy": msgspec.to_builtins(STANDARD), "preset": None, "from": "standard"}
REFUSED_PRESET = f"preset must be one of {', '.join(Mode)}, or null"

POLICY_ANSWER = answers(PolicyAnswer, "The policy that holds", EXAMPLE)


def policy_change(body: PolicyBody) -> PolicyChange:
    """Raises InvalidError."""
    values = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
    thresholds = {name: values.pop(name) for name in _THRESHOLDS if name in values}
    if thresholds and values:
        raise InvalidError(
            "alertConsecutiveChecks", "and the thresholds must not be sent together with other fields of a policy"
        )
    if thresholds:
        return PolicyChange(
            base=from_thresholds(
                thresholds.get("alert_consecutive_checks", 1),
                thresholds.get("alert_location_threshold"),
                thresholds.get("alert_location_threshold_count"),
            )
        )
    preset = values.pop("preset", UNSET)
    if preset is None and values:
        raise InvalidError("preset", "must not be null together with other fields: null removes the policy")
    return PolicyChange(base=preset or None, values=values, reset=preset is None)


def policy_answer(held: Effective) -> PolicyAnswer:
    return PolicyAnswer(
        policy=held.policy,
        preset=preset_of(held.policy),
        origin=held.origin,
    )
