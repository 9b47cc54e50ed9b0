"""What acts on a location mean for monitors, in sentences. Pure."""

from __future__ import annotations

from enum import Enum

import msgspec

from controller.decisions.schedule.location_effects import LocationEffects
from controller.model import Location
from controller.model.locations import MonitorTitle
from controller.model.values.countries import country_name
from controller.pages.shell.texts import counted


class Speech(Enum):
    """For what the effects are said: what is now, or what an act changes. Each sentence is of one monitor and of
    several; `{n}` are the monitors, `{c}` their countries, `{d}` one less.
    """

    NOW = (
        ("For {n} it is one of {c} countries.",) * 2,
        ("{n} has another location in this country.", "{n} have another location in this country."),
        ("{n} is checked only from here:", "{n} are checked only from here:"),
    )
    LOSS = (
        ("{n} loses one of {c} countries.", "{n} lose one of {c} countries."),
        (
            "{n} keeps all its countries, because another location checks it from here.",
            "{n} keep all their countries, because another location checks them from here.",
        ),
        (
            "{n} would be checked from nowhere, and nobody would learn of its outages:",
            "{n} would be checked from nowhere, and nobody would learn of their outages:",
        ),
    )
    GAIN = (
        ("{n} is checked from {c} countries instead of {d}.", "{n} are checked from {c} countries instead of {d}."),
        (
            "{n} gets one more location in a country that checks it already.",
            "{n} get one more location in a country that checks them already.",
        ),
        ("{n} that nothing checks now is checked again:", "{n} that nothing checks now are checked again:"),
    )
    REMOVAL = (
        ("{n} stays without one of {c} countries.", "{n} stay without one of {c} countries."),
        (
            "{n} keeps all its countries, because another location checks it from here.",
            "{n} keep all their countries, because another location checks them from here.",
        ),
        ("{n} has no other location and stays unchecked:", "{n} have no other location and stay unchecked:"),
    )


class EffectWords(msgspec.Struct, frozen=True, kw_only=True):
    """Sentences, and one that introduces the monitors that only this location may check (empty: there are none). Of
    these `more` that can be seen are not named, and `elsewhere` belong to other organizations.
    """

    monitors: int
    sentences: list[str]
    alone: str
    named: list[MonitorTitle]
    more: int
    elsewhere: int
    country: str
    country_name: str


def effect_words(effects: LocationEffects, here: Location, speech: Speech) -> EffectWords:
    fewer, same, alone = speech.value
    sentences = [
        _of(fewer, loss.monitors).format(n=counted(loss.monitors, "monitor"), c=loss.countries, d=loss.countries - 1)
        for loss in effects.losses
    ]
    if effects.unchanged:
        sentences.append(_of(same, effects.unchanged).format(n=counted(effects.unchanged, "monitor")))
    return EffectWords(
        monitors=effects.monitors,
        sentences=sentences,
        alone=_of(alone, effects.unchecked).format(n=counted(effects.unchecked, "monitor"))
        if effects.unchecked
        else "",
        named=effects.named,
        more=effects.visible - len(effects.named),
        elsewhere=effects.unchecked - effects.visible,
        country=here.country_code,
        country_name=country_name(here.country_code),
    )


def _of(sentences: tuple[str, ...], number: int) -> str:
    return sentences[0 if number == 1 else 1]
