"""What the page of a new enrolment shows, once, and what it says while no agent uses the enrolment yet. Pure."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec

from controller.model.locations import LocationKey
from controller.operations.installation.managed_locations import Enrolled
from controller.operations.locations import LocationState
from controller.pages.locations.commands import TRIAL, Platform, platforms
from controller.pages.locations.doing import doing


class WaitingView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an agent uses the newest enrolment, and how the location is then. `over` ends the waiting."""

    state: str
    word: str
    sentence: str
    over: bool


class EnrolledView(msgspec.Struct, frozen=True, kw_only=True):
    """The enrolment of a location, which is shown this once. `again`: it had one before. `near`: `url`, the address of
    NATS in it, is on this machine, so that agents elsewhere cannot reach it; then the
    commands to try it out on this machine come first.
    """

    code: str
    name: str
    enrolment: str
    again: bool
    platforms: list[Platform]
    url: str
    near: bool
    waiting: WaitingView


def enrolled_view(made: Enrolled, url: str, *, again: bool) -> EnrolledView:
    here, enrolment, near = made.location, made.enrolment.reveal(), is_near(url)
    known = platforms(here.code, enrolment)
    return EnrolledView(
        code=here.code,
        name=here.name,
        enrolment=enrolment,
        again=again,
        platforms=sorted(known, key=lambda one: one.key != TRIAL) if near else known,
        url=url,
        near=near,
        waiting=_nobody(again=again),
    )


def waiting_view(found: LocationState, keys: list[LocationKey]) -> WaitingView:
    if not keys or not keys[0].agents:
        return _nobody(again=len(keys) > 1)
    state, word, sentence, *_ = doing(found)
    return WaitingView(state=state, word=word, sentence=sentence, over=True)


def _nobody(*, again: bool) -> WaitingView:
    sentence = "No agent uses the new enrolment yet." if again else "No agent of this location has connected yet."
    return WaitingView(state="unknown", word="waiting", sentence=sentence, over=False)


def is_near(urls: str) -> bool:
    """Whether these addresses are all of the machine on which they are used."""
    return all(_is_loopback(urlsplit(url.strip()).hostname or "") for url in urls.split(","))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
