"""A monitor's rounds one after the other: facts, signs, suspicions, and what is to be reported of them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from controller.decisions.comparison.kept_facts import KnownFact, after_check, is_settled
from controller.decisions.comparison.server_views import facts_of
from controller.decisions.comparison.signs import RoundSigns, SeenServer, SignKind, signs_of
from controller.decisions.comparison.suspicions import FORGOTTEN_MS, Suspicion, after_round

_MOST_CERTIFICATES = 50
_CERTIFICATE = "certificate"
_OF_CERTIFICATE = "certificateTrusted"


class ComparisonState(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What is remembered of a monitor between comparisons. Rounds due until `taken_ms` were compared; `target_ms` is
    since when it has its target. `facts` are those of each location; `certificates` say when each was seen last at each
    location, `presented` which one each location saw last.
    """

    taken_ms: int = 0
    target_ms: int = 0
    facts: dict[int, dict[str, KnownFact]] = {}
    certificates: dict[str, dict[int, int]] = {}
    presented: dict[int, str] = {}
    suspicions: list[Suspicion] = []

    @property
    def settled(self) -> bool:
        """Whether the next round, if it shows the same, changes nothing."""
        return all(is_settled(known) for known in self.facts.values()) and all(
            one.confirmed_ms is not None and not one.clean for one in self.suspicions
        )

    @property
    def recheck_ms(self) -> int | None:
        """When the latest recheck of a suspicion that is not confirmed is due."""
        return max((one.recheck_ms for one in self.suspicions if one.recheck_ms and not one.confirmed_ms), default=None)


class SeenRound(NamedTuple):
    """What the locations saw in the round, or in the recheck of all of them, due then. Where locations take turns,
    `earlier` is what others saw last, to compare with.
    """

    due_ms: int
    is_recheck: bool
    sights: Sequence[SeenServer]
    earlier: Sequence[SeenServer] = ()


class FactChange(NamedTuple):
    """A fact that changed at these locations in the round due then, from one value to another."""

    due_ms: int
    name: str
    before: str
    after: str
    location_ids: tuple[int, ...]


class KeptValue(NamedTuple):
    """A value that a location saw in a round; `holds`: it is the one that holds there from now on."""

    location_id: int
    name: str
    value: str
    due_ms: int
    holds: bool


class ComparisonStep(NamedTuple):
    """The state after some rounds, the changes to report, and the values that were seen and did not hold before."""

    state: ComparisonState
    changes: Sequence[FactChange]
    values: Sequence[KeptValue]


def begin(state: ComparisonState, target_ms: int, enabled: Collection[int]) -> ComparisonState:
    """Forget what was about another target, and locations that check no longer."""
    if state.target_ms != target_ms:
        return ComparisonState(target_ms=target_ms, taken_ms=max(0, target_ms - 1))
    return msgspec.structs.replace(
        state,
        facts={here: known for here, known in state.facts.items() if here in enabled},
        presented={here: sha for here, sha in state.presented.items() if here in enabled},
        suspicions=[one for one in state.suspicions if one.location_id in enabled],
    )


def take_round(state: ComparisonState, round_: SeenRound, now_ms: int) -> ComparisonStep:
    """Take a round later than all that were taken."""
    certificates = _certificates(state, round_)
    found = signs_of([*round_.sights, *round_.earlier], certificates)
    present = {one.location_id for one in round_.sights}
    found = RoundSigns([sign for sign in found.signs if sign.location_id in present], found.compared & present)
    suspicions = after_round(state.suspicions, found, round_.due_ms, is_recheck=round_.is_recheck, now_ms=now_ms)
    doubted = {one.location_id for one in [*state.suspicions, *suspicions]}
    facts = dict(state.facts)
    values: list[KeptValue] = []
    where: dict[tuple[str, str, str], list[int]] = {}
    for here, view in round_.sights:
        before = facts.get(here, {})
        sights = facts_of(view)
        step = after_check(before, sights, is_recheck=round_.is_recheck, doubted=here in doubted)
        facts[here] = step.known
        values += _values(here, before, step.known, sights, round_.due_ms)
        names = {changed.name for changed in step.changed}
        for name, old, new in step.changed:
            if not (name == _OF_CERTIFICATE and new == "yes" and _CERTIFICATE in names):
                where.setdefault((name, old, new), []).append(here)
    after = msgspec.structs.replace(
        state,
        taken_ms=max(state.taken_ms, round_.due_ms),
        facts=facts,
        certificates=certificates,
        presented=state.presented
        | {here: view.certificate for here, view in round_.sights if view.certificate is not None},
        suspicions=suspicions,
    )
    changes = [FactChange(round_.due_ms, *key, tuple(locations)) for key, locations in where.items()]
    return ComparisonStep(after, changes, values)


def _values(
    here: int, before: Mapping[str, KnownFact], after: Mapping[str, KnownFact], sights: Mapping[str, str], due_ms: int
) -> list[KeptValue]:
    return [
        KeptValue(here, name, value, due_ms, holds=after[name].value == value)
        for name, value in sights.items()
        if name not in before or before[name].value != value
    ]


def _certificates(state: ComparisonState, round_: SeenRound) -> dict[str, dict[int, int]]:
    """A location that sees the same certificate all the time is not compared each round, so the one that it saw last
    counts as seen now.
    """
    found: dict[str, dict[int, int]] = {}
    for sha, where in state.certificates.items():
        recent = {
            here: due_ms
            for here, due_ms in where.items()
            if round_.due_ms - due_ms < FORGOTTEN_MS or state.presented.get(here) == sha
        }
        if recent:
            found[sha] = recent
    for here, view in round_.sights:
        if view.certificate is not None:
            found[view.certificate] = found.get(view.certificate, {}) | {here: round_.due_ms}
    newest = sorted(found, key=lambda sha: max(found[sha].values()))[-_MOST_CERTIFICATES:]
    return {sha: found[sha] for sha in newest}


class SaidFinding(NamedTuple):
    """A finding that begins or ends for the monitor's customer. It ends without being `over` when the location's own
    network turned out to be the reason.
    """

    suspicion: Suspicion
    began: bool
    over: bool = True


def said_findings(
    before: Sequence[Suspicion], state: ComparisonState, own_networks: Collection[int]
) -> tuple[ComparisonState, list[SaidFinding]]:
    """Which findings to say, and which are over. A fault of ours is never said to a customer: a location whose own
    network strips STARTTLS (`own_networks`), or whose address the server dislikes. When a location's network was the
    reason and is no more, a finding is said only once a round shows it still: others may be over that are checked less
    often.
    """
    said: list[SaidFinding] = []
    suspicions: list[Suspicion] = []
    last_ms = {(one.location_id, one.kind): one.last_ms for one in before}
    for one in state.suspicions:
        ours = _is_ours(one, own_networks)
        shown = not one.clean and one.last_ms > last_ms.get((one.location_id, one.kind), 0)
        is_said = one.confirmed_ms is not None and not ours and (one.said or shown)
        if is_said is not one.said:
            said.append(SaidFinding(one, began=is_said, over=not ours))
        suspicions.append(msgspec.structs.replace(one, said=is_said))
    kept = {(one.location_id, one.kind) for one in suspicions}
    said += [SaidFinding(one, began=False) for one in before if one.said and (one.location_id, one.kind) not in kept]
    return msgspec.structs.replace(state, suspicions=suspicions), said


def awaits_a_round(state: ComparisonState, own_networks: Collection[int]) -> bool:
    """Whether a finding is to be said as soon as another round shows it."""
    return any(
        one.confirmed_ms is not None and not one.said and not _is_ours(one, own_networks) for one in state.suspicions
    )


def _is_ours(one: Suspicion, own_networks: Collection[int]) -> bool:
    return one.kind is SignKind.PROBE_DISLIKED or (one.about_starttls and one.location_id in own_networks)
