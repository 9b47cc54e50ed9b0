"""What the page of locations shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec

from controller.decisions.evaluation.blindness import BlindCount
from controller.decisions.schedule.location_effects import LocationEffects
from controller.model import AgentSighting, Location
from controller.model.locations import LocationKey
from controller.model.values.countries import country_name
from controller.operations.locations import LocationState
from controller.pages.drawing.bar import Run
from controller.pages.locations.agents import AgentRow, agent_row
from controller.pages.locations.blind_reasons import BlindReasonRow, blind_reasons
from controller.pages.locations.doing import SLICES, bar_label, bar_of, doing
from controller.pages.locations.effects import EffectWords, Speech, effect_words
from controller.pages.words.blindness import (
    SUSPICIOUS,
    Advice,
    blind_advice,
    refusal_advice,
    rejected_words,
    unfit_advice,
)

_SHOWN_PERIODS = 8
_WORST_FIRST = ("down", "unknown", "degraded")


class LimitRow(msgspec.Struct, frozen=True, kw_only=True):
    """What some agents of a location cannot do; `who` is empty when none of them can."""

    who: str
    advice: Advice


class BlindRow(msgspec.Struct, frozen=True, kw_only=True):
    """`to_at` is None while it lasts."""

    from_at: datetime
    to_at: datetime | None
    checks: int
    advice: Advice


class ProblemRow(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor whose server refuses this location. `says` is the server's answer."""

    monitor: UUID
    monitor_name: str
    says: str
    first_at: datetime
    last_at: datetime
    evaluations: int
    lasts: bool
    advice: Advice


class RejectedRow(msgspec.Struct, frozen=True, kw_only=True):
    what: str
    messages: int
    last_at: datetime
    suspicious: bool


class LocationCard(msgspec.Struct, frozen=True, kw_only=True):
    """A location. `state` is its mark, `word` says it, `sentence` what that means; `remedy` what to do, or empty.
    `canary_at` is when its last canary came back, None while that is not known.
    """

    code: str
    name: str
    state: str
    word: str
    sentence: str
    since: datetime | None
    remedy: str
    kinds: list[str]
    agents: list[AgentRow]
    limits: list[LimitRow]
    bar: list[Run]
    bar_label: str
    blind: list[BlindRow]
    blind_total: int
    problems: list[ProblemRow]
    problems_total: int
    rejected: list[RejectedRow]
    canary_at: datetime | None
    round_trip_ms: float


class CountryGroup(msgspec.Struct, frozen=True, kw_only=True):
    country: str
    name: str
    locations: list[LocationCard]


class LocationsView(msgspec.Struct, frozen=True, kw_only=True):
    """`ready` of the `total` locations that are switched on can run every check; `troubled` need somebody, the worst
    first. Who `manages` locations sees those that were removed.
    """

    countries: list[CountryGroup]
    total: int
    ready: int
    disabled: int
    troubled: list[LocationCard]
    slices: int
    now: datetime
    manages: bool
    removed: list[RemovedRow]
    done: str


class RemovedRow(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    name: str
    country: str
    country_name: str


class LocationPageView(msgspec.Struct, frozen=True, kw_only=True):
    """One location. Who `manages` locations sees its enrolments, and the acts."""

    card: LocationCard
    country: str
    country_name: str
    enabled: bool
    created_at: datetime | None
    blind_reasons: list[BlindReasonRow]
    effects: EffectWords
    manages: bool
    keys: list[LocationKey]
    slices: int
    now: datetime
    done: str


def location_page_view(
    found: LocationState,
    effects: LocationEffects,
    blind_results: Sequence[BlindCount],
    *,
    manages: bool,
    keys: list[LocationKey],
    done: str,
) -> LocationPageView:
    here = found.location
    return LocationPageView(
        card=_card(found),
        country=here.country_code,
        country_name=country_name(here.country_code),
        enabled=here.enabled,
        created_at=here.created_at,
        blind_reasons=blind_reasons(found, blind_results),
        effects=effect_words(effects, here, Speech.NOW if here.enabled else Speech.GAIN),
        manages=manages,
        keys=keys,
        slices=SLICES,
        now=found.now,
        done=done,
    )


def locations_view(
    found: Sequence[LocationState],
    now: datetime,
    *,
    manages: bool = False,
    removed: Sequence[Location] = (),
    done: str = "",
) -> LocationsView:
    ordered = sorted(found, key=lambda one: (country_name(one.location.country_code), one.location.code))
    groups = [
        CountryGroup(country=code, name=country_name(code), locations=[_card(one) for one in group])
        for code, group in groupby(ordered, key=lambda one: one.location.country_code)
    ]
    cards = [card for group in groups for card in group.locations]
    fit = {one.location.code for one in found if not one.reasons}
    return LocationsView(
        countries=groups,
        total=sum(card.state != "disabled" for card in cards),
        ready=sum(card.code in fit and card.state in {"up", "degraded"} for card in cards),
        disabled=sum(card.state == "disabled" for card in cards),
        troubled=[card for state in _WORST_FIRST for card in cards if card.state == state],
        slices=SLICES,
        now=now,
        manages=manages,
        removed=[
            RemovedRow(
                code=one.code, name=one.name, country=one.country_code, country_name=country_name(one.country_code)
            )
            for one in removed
        ],
        done=done,
    )


def _card(found: LocationState) -> LocationCard:
    state, word, sentence, since, remedy = doing(found)
    canary = max((one for one in found.canaries if one.back_at), key=lambda one: one.back_at or one.since, default=None)
    blind = [
        BlindRow(
            from_at=period.from_at,
            to_at=period.to_at if period.to_at <= found.now else None,
            checks=period.checks,
            advice=blind_advice(period.reason),
        )
        for period in found.blind
    ]
    return LocationCard(
        code=found.location.code,
        name=found.location.name,
        state=state,
        word=word,
        sentence=sentence,
        since=since,
        remedy=remedy,
        kinds=found.kinds,
        agents=[agent_row(agent) for agent in found.agents],
        limits=_limits(found.agents),
        bar=bar_of(found),
        bar_label=bar_label(found),
        blind=blind[:_SHOWN_PERIODS],
        blind_total=len(blind),
        problems=[
            ProblemRow(
                monitor=problem.monitor_public_id,
                monitor_name=problem.monitor_name,
                says=problem.detail,
                first_at=problem.first_at,
                last_at=problem.last_at,
                evaluations=problem.evaluations,
                lasts=problem.lasts,
                advice=refusal_advice(problem.kind),
            )
            for problem in found.problems
        ],
        problems_total=found.problems[0].total if found.problems else 0,
        rejected=[
            RejectedRow(
                what=rejected_words(count.why),
                messages=count.messages,
                last_at=count.last_at,
                suspicious=count.why in SUSPICIOUS,
            )
            for count in found.dead_letters
        ],
        canary_at=canary.back_at if canary else None,
        round_trip_ms=(canary.round_trip_ms or 0.0) if canary else 0.0,
    )


def _limits(agents: Sequence[AgentSighting]) -> list[LimitRow]:
    kinds = sorted({unfit for agent in agents for unfit in agent.unfit})
    found = []
    for unfit in kinds:
        names = [agent.name for agent in agents if unfit in agent.unfit]
        who = "" if len(names) == len(agents) else ", ".join(names)
        found.append(LimitRow(who=who, advice=unfit_advice(unfit)))
    return found
