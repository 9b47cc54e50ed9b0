"""A policy in sentences: when an incident opens and closes. They are made of the policy's fields alone, so the same
policy has the same words on every page; what it comes to at one monitor is a sentence of its own. Pure.
"""

from __future__ import annotations

import msgspec

from controller.decisions.evaluation.policy import Policy
from controller.decisions.evaluation.regional import PARTIAL_EVALUATIONS, confirming_seconds
from controller.decisions.schedule.rounds import RECHECK_SECONDS
from controller.model import Mode
from controller.pages.shell.texts import span

PRESET_NAMES = {
    Mode.GLOBAL_NOTIFY: "Any location",
    Mode.GLOBAL_VERIFY: "Two locations",
    Mode.SLA: "All locations",
    Mode.PRIMARY: "Home location",
    Mode.ROUND_ROBIN: "In turn",
}
"""What the presets are called on pages, the usual ones first. Their names in the API are those of AlertSite's modes."""


class Votes(msgspec.Struct, frozen=True):
    """How many locations vote in a round, and how many there are; `countries`: each is in another country."""

    voters: int
    locations: int
    countries: bool

    @property
    def unit(self) -> str:
        return "countries" if self.countries else "locations"


def policy_sentence(policy: Policy) -> str:
    """When an incident opens and closes, in one sentence."""
    return f"An incident opens {opens_when(policy)}{_confirmed(policy.rechecks)}; {_closes(policy)}."


def opens_when(policy: Policy) -> str:
    """The beginning of that sentence, where there is place for few words: "when any location fails"."""
    rounds = "" if policy.consecutive_rounds == 1 else f" in {policy.consecutive_rounds} rounds in a row"
    return f"when {_failing(policy)}{rounds}"


def policy_details(policy: Policy) -> list[str]:
    """What the sentence leaves out."""
    found = []
    if policy.order == "sequential":
        found.append("In each round one location checks; the locations take turns.")
    if policy.voters == "home":
        found.append("All locations check, but only what the home location finds makes a round fail.")
        if policy.order == "sequential":
            found[-1] = "Only what the home location finds makes a round fail, and it checks when it is its turn."
    if policy.rechecks != 0:
        found += _recheck_details(policy)
    if _may_be_partial(policy):
        found.append(
            f"When fewer fail, it is a partial outage, and opens an incident once the same location has failed"
            f" {PARTIAL_EVALUATIONS} times in a row, for at least {span(confirming_seconds(policy))}."
        )
    return found


def policy_here(policy: Policy, votes: Votes | None) -> str:
    """What the policy comes to with the locations that check one monitor now; None: there are none."""
    if votes is None:
        return "Now no location checks it, so no incident opens."
    if votes.locations == 1:
        return f"Now only one location checks it: this one must fail{_rechecked(policy, votes)}."
    each = f", {votes.voters} of them in each round" if _some_in_each_round(policy, votes) else ""
    return f"Now {votes.locations} {votes.unit} check it{each}: {_must_fail(policy, votes)}{_rechecked(policy, votes)}."


def _failing(policy: Policy) -> str:
    if policy.voters == "home":
        return "the home location fails"
    if policy.order == "sequential":
        return "the location whose turn it is fails"
    return f"{_quorum(policy)} {'fails' if policy.quorum in ('any', 1) else 'fail'}"


def _quorum(policy: Policy) -> str:
    """How many must fail, in words. A number that is more than there are means all."""
    match policy.quorum:
        case "any":
            return "any location"
        case "majority":
            return "more than half of the locations"
        case "all":
            return "all locations"
        case 1:
            return "at least 1 location"
        case number:
            return f"at least {number} locations (all, where there are fewer)"


def _confirmed(rechecks: int | None) -> str:
    later = f"{RECHECK_SECONDS} s"
    match rechecks:
        case 0:
            return ""
        case 1:
            return f", confirmed by a recheck {later} later"
        case None:
            return f", confirmed by a recheck {later} later (by two where a single location makes it)"
        case number:
            return f", confirmed by {number} rechecks, each {later} after the failure before it"


def _recheck_details(policy: Policy) -> list[str]:
    found = []
    if policy.voters == "home":
        found.append(f"The recheck is made by the other locations: {_quorum(policy)} must fail in it.")
    elif policy.order == "sequential":
        found.append(f"The recheck is made by all locations: {_quorum(policy)} must fail in it.")
    found.append("A round that comes sooner takes the place of the recheck.")
    return found


def _may_be_partial(policy: Policy) -> bool:
    """Whether fewer can fail than make a round fail."""
    return policy.voters != "home" and policy.order != "sequential" and policy.quorum not in ("any", 1)


def _some_in_each_round(policy: Policy, votes: Votes) -> bool:
    return policy.voters == "all" and policy.order == "parallel" and votes.voters < votes.locations


def _must_fail(policy: Policy, votes: Votes) -> str:
    if policy.voters == "home":
        return "the home location must fail"
    if policy.order == "sequential":
        return "the one whose turn it is must fail"
    if votes.voters == 1:
        return "this one must fail"
    return f"{_of_them(policy.needed(votes.voters), votes.voters)} must fail"


def _rechecked(policy: Policy, votes: Votes) -> str:
    """How many rechecks confirm it, and who must fail in them where others make them."""
    rechecking = _rechecking(policy, votes)
    number = policy.rechecks_with(rechecking)
    if number == 0:
        return ""
    if policy.voters == "home" and votes.locations > 1:
        who = " of the other one" if rechecking == 1 else f" in which {_failing_of(policy, rechecking, 'others')}"
    else:
        who = "" if rechecking == votes.voters else f" in which {_failing_of(policy, rechecking, 'locations')}"
    return f", confirmed by {'1 recheck' if number == 1 else f'{number} rechecks'}{who}"


def _rechecking(policy: Policy, votes: Votes) -> int:
    """How many locations make a recheck."""
    return max(1, votes.locations - 1) if policy.voters == "home" else votes.locations


def _of_them(needed: int, number: int) -> str:
    if needed == number:
        return "both" if number == 2 else f"all {number}"
    return "any of them" if needed == 1 else f"at least {needed} of {number}"


def _failing_of(policy: Policy, number: int, unit: str) -> str:
    needed = policy.needed(number)
    if needed == number:
        return f"{'both' if number == 2 else f'all {number}'} {unit} fail"
    return f"any of the {number} {unit} fails" if needed == 1 else f"at least {needed} of the {number} {unit} fail"


def _closes(policy: Policy) -> str:
    if policy.recovery_rounds == 1:
        return "it closes after a passing round"
    return f"it closes after {policy.recovery_rounds} passing rounds in a row"
