"""A policy in sentences: when an incident opens and closes. They are made of the policy's fields alone. Pure."""

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


def policy_sentence(policy: Policy, votes: Votes | None = None) -> str:
    """When an incident opens and closes, in one sentence; with numbers where it is known who votes."""
    rounds = "" if policy.consecutive_rounds == 1 else f" in {policy.consecutive_rounds} rounds in a row"
    return f"An incident opens when {_failing(policy, votes)}{rounds}{_confirmed(policy, votes)}; {_closes(policy)}."


def policy_details(policy: Policy, votes: Votes | None = None) -> list[str]:
    """What the sentence leaves out."""
    found = []
    if policy.order == "sequential":
        found.append("In each round one location checks; the locations take turns.")
    if policy.voters == "home" and (votes is None or votes.locations > 1):
        found.append("All locations check, but only what the home location finds makes a round fail.")
        if policy.order == "sequential":
            found[-1] = "Only what the home location finds makes a round fail, and it checks when it is its turn."
    if policy.rechecks != 0:
        found += _recheck_details(policy, votes)
    if _may_be_partial(policy, votes):
        found.append(
            f"When fewer fail, it is a partial outage, and opens an incident once the same location has failed"
            f" {PARTIAL_EVALUATIONS} times in a row, for at least {span(confirming_seconds(policy))}."
        )
    return found


def _failing(policy: Policy, votes: Votes | None) -> str:
    if policy.voters == "home":
        return "the home location fails"
    if policy.order == "sequential":
        return "the location whose turn it is fails"
    return f"{_quorum(policy, votes)} {'fails' if _is_one(policy, votes) else 'fail'}"


def _is_one(policy: Policy, votes: Votes | None) -> bool:
    """Whether the words of the quorum are about one location."""
    return policy.quorum == "any" or (votes is not None and votes.voters == 1)


def _quorum(policy: Policy, votes: Votes | None) -> str:
    """How many must fail, in words. A number that is more than there are means all."""
    if votes is not None and votes.voters == 1:
        return "the only location that checks"
    if votes is None:
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
    needed = policy.needed(votes.voters)
    if policy.quorum == "any":
        return f"any of {votes.voters} {votes.unit}"
    if needed == votes.voters:
        return f"both {votes.unit}" if needed == 2 else f"all {needed} {votes.unit}"
    return f"at least {needed} of {votes.voters} {votes.unit}"


def _confirmed(policy: Policy, votes: Votes | None) -> str:
    number = policy.rechecks if votes is None else policy.rechecks_with(_rechecking(policy, votes))
    later = f"{RECHECK_SECONDS} s"
    match number:
        case 0:
            return ""
        case 1:
            return f", confirmed by a recheck {later} later"
        case None:
            return f", confirmed by a recheck {later} later (by two where a single location makes it)"
        case _:
            return f", confirmed by {number} rechecks, each {later} after the failure before it"


def _rechecking(policy: Policy, votes: Votes) -> int:
    """How many locations make a recheck."""
    if policy.voters == "home":
        return max(1, votes.locations - 1)
    return votes.locations


def _recheck_details(policy: Policy, votes: Votes | None) -> list[str]:
    found = []
    if votes is None:
        if policy.voters == "home":
            found.append(f"The recheck is made by the other locations: {_quorum(policy, None)} must fail in it.")
        elif policy.order == "sequential":
            found.append(f"The recheck is made by all locations: {_quorum(policy, None)} must fail in it.")
    elif _rechecking(policy, votes) != votes.voters:
        known = Votes(_rechecking(policy, votes), votes.locations, votes.countries)
        who = f"the other {votes.unit}" if policy.voters == "home" else f"all {votes.locations} {votes.unit}"
        found.append(f"The recheck is made by {who}: {_quorum(policy, known)} must fail in it.")
    elif policy.voters == "home" and votes.locations > 1:
        found.append("The recheck is made by the other location.")
    found.append("A round that comes sooner takes the place of the recheck.")
    return found


def _may_be_partial(policy: Policy, votes: Votes | None) -> bool:
    """Whether fewer can fail than make a round fail."""
    if policy.voters == "home" or policy.order == "sequential" or policy.quorum in ("any", 1):
        return False
    return votes is None or policy.needed(votes.voters) > 1


def _closes(policy: Policy) -> str:
    if policy.recovery_rounds == 1:
        return "it closes after a passing round"
    return f"it closes after {policy.recovery_rounds} passing rounds in a row"
