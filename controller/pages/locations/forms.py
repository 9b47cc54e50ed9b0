"""The forms of locations, and what their pages show. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from controller.errors import InvalidError
from controller.model import Location
from controller.model.values.countries import countries_by_name, country_name
from controller.operations.installation.managed_locations import NewLocation
from controller.pages.locations.effects import EffectWords

KEPT = {"604800": "a week", "86400": "a day", "3600": "an hour", "0": "no time: end it now"}
"""For how many seconds an older enrolment works on."""

NAMES = {"natsUrl": "nats_url"}
"""Fields of the operations whose names differ in the forms."""


class NewLocationForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: texts. An empty name or address is the usual one."""

    code: str = ""
    country: str = ""
    name: str = ""
    nats_url: str = ""


class LocationRotationForm(msgspec.Struct, frozen=True, kw_only=True):
    keep: str = next(iter(KEPT))
    nats_url: str = ""


class LocationRenameForm(msgspec.Struct, frozen=True, kw_only=True):
    name: str = ""
    version: str = ""


class NewLocationView(msgspec.Struct, frozen=True, kw_only=True):
    """`usual_url` is the address of NATS without another one; `near`: only agents on this machine reach that."""

    form: dict[str, Any]
    problems: dict[str, str]
    countries: list[tuple[str, str]]
    usual_url: str
    near: bool


class LocationActView(msgspec.Struct, frozen=True, kw_only=True):
    """What an act does, before it is done. `effects` is None where monitors do not matter; `possible` is false when
    something else comes first, which `sentences` say.
    """

    code: str
    act: str
    sentences: list[str]
    effects: EffectWords | None
    button: str
    danger: bool
    possible: bool
    form: dict[str, Any]
    problems: dict[str, str]
    kept: dict[str, str]
    url: str


def new_location_of(form: NewLocationForm) -> NewLocation:
    return NewLocation(form.code.strip(), form.country, form.name.strip() or None, form.nats_url.strip() or None)


def country_options() -> list[tuple[str, str]]:
    return [("", "Choose a country"), *((code, f"{name} ({code})") for code, name in countries_by_name())]


def kept_seconds(form: LocationRotationForm) -> int:
    """Raises InvalidError."""
    if form.keep not in KEPT:
        raise InvalidError("keep", "must be one of the list")
    return int(form.keep)


class LocationAct(msgspec.Struct, frozen=True, kw_only=True):
    """An act on a location: its title, its button, and what it does, a sentence or two a paragraph. Texts may contain
    `{code}` and `{country}`.
    """

    title: str
    button: str
    about: str
    danger: bool = False

    def paragraphs(self, here: Location) -> list[str]:
        text = self.about.format(code=here.code, country=country_name(here.country_code))
        return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


ACTS = {
    "rename": LocationAct(
        title="Rename {code}",
        button="Rename it",
        about="""
            The name is for people: pages and messages show it. The code {code} and the country never change, and no
            check changes.
        """,
    ),
    "rotate": LocationAct(
        title="New enrolment for {code}",
        button="Make a new enrolment",
        about="""
            This makes new keys: a login to NATS, and the key that opens the mail passwords of this location. You see
            the new enrolment once, with the commands that give it to the agents.

            Agents with an older enrolment work on for the time that you choose, and are cut off then. If an older one
            may have leaked, choose no time: whoever has it is cut off within ten seconds.
        """,
    ),
    "disable": LocationAct(
        title="Disable {code}",
        button="Disable it",
        about="""
            No check runs from here any more, and its agents are cut off within ten seconds. Its results stay.

            You can enable it again at any time. Its agents come back by themselves then, with the enrolment that they
            have.
        """,
        danger=True,
    ),
    "enable": LocationAct(
        title="Enable {code}",
        button="Enable it",
        about="""
            Checks run from here again. Its enrolment works as before, and agents that were started as a service come
            back by themselves within a minute or two.
        """,
    ),
    "remove": LocationAct(
        title="Remove {code}",
        button="Remove it",
        about="""
            Its keys never work again, in any enrolment. Its results and its history stay.

            A location with the code {code} in {country} can be added again. It gets new keys, and has this history.

            It is disabled, so no check changes now.
        """,
        danger=True,
    ),
}
NOT_LET_IN = "The location is disabled now: whatever enrolment its agents have, they are let in when it is enabled."
REMOVE_LATER = "{code} is enabled. Disable it first, which cuts its agents off; then it can be removed."
