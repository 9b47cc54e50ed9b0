"""The policy in force as our own API answers it: flat, so that what was read can be changed and sent back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta

from controller.api.v1.policies.schemas import PolicyBody, policy_change
from controller.decisions.evaluation.policies import Effective, Origin, preset_of
from controller.decisions.evaluation.policy import PRESETS, STANDARD, Count, Policy, RegionalSeconds
from controller.http.openapi import answers
from controller.model import Mode
from controller.operations.monitors.policies import PolicyChange

_Quorum = Annotated[
    Literal["any", "majority", "all"] | Count,
    Meta(description="How many of the voters must fail in one evaluation: a word, or their number."),
]
_Voters = Annotated[
    Literal["all", "home"], Meta(description="With `home` only the home location votes, and the others recheck it.")
]
_Order = Annotated[
    Literal["parallel", "sequential"],
    Meta(description="With `sequential` one location checks in each round, in turn."),
]
_Rechecks = Annotated[
    Annotated[int, Meta(ge=0, le=5)] | None,
    Meta(description="How many rechecks confirm an outage. Null: 1, and 2 for a single voter."),
]
_Rounds = Annotated[Count, Meta(description="How many rounds in a row must fail before the rechecks.")]
_Recovery = Annotated[Count, Meta(description="How many good evaluations in a row end an incident.")]
_Regional = Annotated[
    RegionalSeconds, Meta(description="How many seconds a location must fail for a regional outage; at least 60 count.")
]
_Preset = Annotated[Mode | None, Meta(description="The mode of AlertSite that equals this policy; null: none does.")]
_From = Annotated[
    Origin, Meta(description="Whose policy it is: the nearest that is set, or `standard` where none is set.")
]


class PolicyInForce(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The policy that holds: when failures are believed."""

    quorum: _Quorum
    voters: _Voters
    order: _Order
    rechecks: _Rechecks
    consecutive_rounds: _Rounds
    recovery_rounds: _Recovery
    regional_after_seconds: _Regional
    preset: _Preset
    origin: _From = msgspec.field(name="from")


EXAMPLE: dict[str, Any] = {**msgspec.to_builtins(STANDARD), "preset": None, "from": "standard"}
IN_FORCE = answers(PolicyInForce, "The policy that holds", EXAMPLE)


def policy_in_force(held: Effective) -> PolicyInForce:
    return PolicyInForce(**msgspec.structs.asdict(held.policy), preset=preset_of(held.policy), origin=held.origin)


def change_in_force(body: PolicyBody) -> PolicyChange:
    """What a body asks for. As an answer holds all fields, `preset` null means nothing beside others, and a preset with
    the fields that it stands for is that preset. Raises InvalidError.
    """
    others = [name for name in Policy.__struct_fields__ if getattr(body, name) is not UNSET]
    if body.preset is None and others:
        return policy_change(msgspec.structs.replace(body, preset=UNSET))
    change = policy_change(body)
    if isinstance(change.base, Mode) and change.values:
        preset = PRESETS[change.base]
        if msgspec.structs.replace(preset, **change.values) == preset:
            return PolicyChange(base=change.base)
    return change
