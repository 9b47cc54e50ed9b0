"""What the pages of policies show. Pure."""

from __future__ import annotations

import msgspec

from controller.decisions.evaluation.policies import Effective, Origin, preset_of
from controller.decisions.evaluation.policy import PRESETS, Policy
from controller.decisions.replay.imagined import PolicyScope, imagined_outage
from controller.operations.monitors.policies import PolicyOwner
from controller.operations.monitors.policy_levels import LevelsOfOwner, PolicyOfLevel, SetPolicies
from controller.operations.monitors.previews.found import PolicyPreview
from controller.pages.drawing.outage import OutageDrawing, outage_drawing
from controller.pages.policies.form import (
    ABOVE,
    FIELDS,
    MODES,
    OPTIONS,
    OWN,
    PolicyForm,
    form_of_policy,
    with_stored_values,
)
from controller.pages.policies.preview import PreviewView, preview_view
from controller.pages.shell.problems import values_of
from controller.pages.shell.texts import counted, span
from controller.pages.shell.versions import differing, problems_of_conflict, version_of
from controller.pages.words.policies import PRESET_NAMES, Votes, policy_details, policy_here, policy_sentence

DONE = {
    "saved": "The policy is saved. It holds from the next evaluation on.",
    "removed": "The own policy is removed: what is set above holds from the next evaluation on.",
}
"""What to say after a form was accepted, by the value of `done` in the URL."""

_ORIGINS = {
    Origin.MONITOR: "set for this monitor",
    Origin.CUSTOMER: "set for the customer",
    Origin.PACKAGE: "set by the customer's package",
    Origin.ORGANIZATION: "set for the organization",
    Origin.STANDARD: "the standard policy, since none is set",
}
_ABOVE = {
    Origin.CUSTOMER: "as the customer has it",
    Origin.PACKAGE: "as the customer's package has it",
    Origin.ORGANIZATION: "as the organization has it",
    Origin.STANDARD: "the standard policy",
}


class PolicyRow(msgspec.Struct, frozen=True, kw_only=True):
    """A level with a policy of its own, in words."""

    path: str
    name: str
    preset: str
    words: str


class PoliciesView(msgspec.Struct, frozen=True, kw_only=True):
    done: str
    organization: str
    origin: str
    details: list[str]
    customers: list[PolicyRow]
    monitors: list[PolicyRow]
    monitors_set: int


class PolicyChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A value of `base`, its name, and what it means."""

    value: str
    name: str
    words: str


class PolicyView(msgspec.Struct, frozen=True, kw_only=True):
    """`path` is the page's own, `back` where its thing is, `name` that thing. `here` says what the policy comes to at
    this monitor; it is empty for a customer or an organization. `may` says whether it may be changed.
    """

    done: str
    path: str
    back: str
    name: str
    sentence: str
    here: str
    details: list[str]
    origin: str
    about: str
    drawing: OutageDrawing
    may: bool
    form: dict[str, str]
    choices: list[PolicyChoice]
    options: dict[str, dict[str, str]]
    problems: dict[str, str]
    preview: PreviewView | None


def policies_view(found: SetPolicies, done: str) -> PoliciesView:
    return PoliciesView(
        done=done,
        organization=policy_sentence(found.organization.policy),
        origin=_ORIGINS[found.organization.origin],
        details=policy_details(found.organization.policy),
        customers=[_row(f"/policies/customers/{one.public_id}", one) for one in found.customers],
        monitors=[_row(f"/monitors/{one.public_id}/policy", one) for one in found.monitors],
        monitors_set=found.monitors_set,
    )


def _row(path: str, one: PolicyOfLevel) -> PolicyRow:
    return PolicyRow(path=path, name=one.name, preset=_preset(one.held), words=policy_sentence(one.held.policy))


def _preset(held: Effective) -> str:
    mode = preset_of(held.policy)
    return PRESET_NAMES[mode] if mode else ""


def policy_view(
    owner: PolicyOwner,
    levels: LevelsOfOwner,
    *,
    path: str,
    name: str,
    may: bool,
    done: str = "",
    form: PolicyForm | None = None,
    problems: dict[str, str] | None = None,
    conflict: bool = False,
    preview: PolicyPreview | None = None,
) -> PolicyView:
    """`form` is what was typed; without it the form shows what holds. `conflict`: something else holds than when it was
    drawn. The picture is of the policy in the preview.
    """
    policy = levels.held.policy
    of_monitor = owner.level.value == "monitor"
    shown = preview.policy if preview else policy
    stored, choices = form_of_policy(levels), _choices(levels)
    drawn = form or msgspec.structs.replace(stored, version=version_of(stored))
    if conflict:
        drawn = with_stored_values(drawn, stored)
        problems = _changed_meanwhile(drawn, stored, choices)

    def here(one: Policy) -> str:
        return policy_here(one, votes_of(one, levels.scope)) if of_monitor else ""

    return PolicyView(
        done=done,
        path=path,
        back=path.removesuffix("/policy") if of_monitor else "/policies",
        name=name,
        sentence=policy_sentence(policy),
        here=here(policy),
        details=policy_details(policy),
        origin=_ORIGINS[levels.held.origin],
        about=_about(shown, levels.scope, previewed=preview is not None),
        drawing=outage_drawing(imagined_outage(shown, levels.scope)),
        may=may,
        form=values_of(drawn),
        choices=choices,
        options=OPTIONS,
        problems=problems or {},
        preview=None if preview is None else preview_view(preview, here(preview.policy)),
    )


def _changed_meanwhile(typed: PolicyForm, stored: PolicyForm, choices: list[PolicyChoice]) -> dict[str, str]:
    values = {name: value for name, value in values_of(stored).items() if name in FIELDS}
    words = OPTIONS | {"base": {one.value: one.name for one in choices}}
    return problems_of_conflict("this policy", differing(values_of(typed), values), values, words)


def votes_of(policy: Policy, scope: PolicyScope) -> Votes | None:
    """Who votes under this policy; None when there is nobody."""
    number = len(scope.locations)
    if not number:
        return None
    voters = 1 if policy.order == "sequential" or policy.voters == "home" else min(scope.per_round or number, number)
    countries = len({one.country_code for one in scope.locations}) == number
    return Votes(voters, number, countries)


def _about(policy: Policy, scope: PolicyScope, *, previewed: bool) -> str:
    votes = votes_of(policy, scope)
    unit = "country" if votes and votes.countries else "location"
    places = counted(len(scope.locations), unit, f"{unit[:-1]}ies" if unit == "country" else None)
    which = "The policy of the preview" if previewed else "This policy"
    return f"{which} in an outage, with a check every {span(scope.interval_seconds)} from {places}."


def _choices(levels: LevelsOfOwner) -> list[PolicyChoice]:
    above = levels.above
    origin = _ABOVE.get(above.origin, "as it is set above")
    named = {mode: value for value, mode in MODES.items()}
    return [
        PolicyChoice(value=ABOVE, name=f"None of its own: {origin}", words=policy_sentence(above.policy)),
        *(
            PolicyChoice(value=named[mode], name=name, words=policy_sentence(PRESETS[mode]))
            for mode, name in PRESET_NAMES.items()
        ),
        PolicyChoice(value=OWN, name="Own values", words="What you set below."),
    ]
