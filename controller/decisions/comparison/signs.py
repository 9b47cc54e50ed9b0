"""What one round shows when locations that reached the same address are compared. Pure.

One round proves nothing: `suspicions` says what it takes until a sign becomes a finding.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum
from statistics import median
from typing import NamedTuple

from controller.decisions.comparison.server_views import ServerView, Starttls, certificate_words

_SLOW_MS = 5_000
_SLOWER = 10
_SIGNS_OF_DISLIKE = 2


class SignKind(StrEnum):
    STARTTLS_STRIPPED = "starttls_stripped"
    DOWNGRADE_SUSPECTED = "downgrade_suspected"
    INTERCEPTION_SUSPECTED = "interception_suspected"
    PROBE_DISLIKED = "probe_disliked"


ABOUT_STARTTLS = frozenset({SignKind.STARTTLS_STRIPPED, SignKind.DOWNGRADE_SUSPECTED})
"""Signs that a location's own network makes when it strips STARTTLS from everything."""


class SeenServer(NamedTuple):
    """What the check of a location saw."""

    location_id: int
    view: ServerView


class Sign(NamedTuple):
    """Something is wrong with what one location sees."""

    location_id: int
    kind: SignKind
    address: str
    detail: str


class RoundSigns(NamedTuple):
    """The signs of a round, and the locations for which there was another one to compare with."""

    signs: Sequence[Sign]
    compared: frozenset[int]


Certificates = Mapping[str, Mapping[int, int]]
"""When each certificate was last seen at each location within the last days."""


def signs_of(sights: Sequence[SeenServer], certificates: Certificates) -> RoundSigns:
    by_address: dict[str, list[SeenServer]] = defaultdict(list)
    for one in sights:
        if one.view.address is not None:
            by_address[one.view.address].append(one)
    signs: list[Sign] = []
    compared: set[int] = set()
    for address, group in sorted(by_address.items()):
        if len(group) < 2:
            continue
        compared |= {one.location_id for one in group}
        signs += _about_starttls(address, group)
        signs += _about_certificates(address, group, certificates)
    return RoundSigns(signs, frozenset(compared))


def _about_starttls(address: str, group: Sequence[SeenServer]) -> list[Sign]:
    offered = [one for one in group if one.view.starttls is Starttls.OFFERED]
    without = [one for one in group if one.view.starttls not in (None, Starttls.OFFERED)]
    if not offered:
        return []
    alone = len(without) == 1 or len(without) < len(offered)
    found = []
    for here, view in without:
        altered = _altered(view)
        if altered:
            found.append(Sign(here, SignKind.STARTTLS_STRIPPED, address, altered))
        elif _is_disliked(view, [one.view for one in offered]):
            detail = "another greeting, slow or without capabilities: it may be a tarpit"
            found.append(Sign(here, SignKind.PROBE_DISLIKED, address, detail))
        elif alone:
            found.append(Sign(here, SignKind.DOWNGRADE_SUSPECTED, address, "STARTTLS is not offered"))
    return found


def _altered(view: ServerView) -> str:
    """What shows that something between location and server hides STARTTLS; empty if nothing does."""
    if view.starttls is Starttls.MANGLED:
        return "STARTTLS is replaced by X's"
    if view.starttls is Starttls.REFUSED:
        return "STARTTLS is refused"
    return "the greeting is replaced by asterisks, and STARTTLS is not offered" if view.masked else ""


def _is_disliked(view: ServerView, others: Sequence[ServerView]) -> bool:
    """Whether the server answers this location as a tarpit such as spamd does, which screens clients that it does not
    trust, and speaks as a mail server to the others.
    """
    if view.greeting is None or view.greeting in {one.greeting for one in others}:
        return False
    usual = [one.greeting_ms for one in others if one.greeting_ms is not None]
    slow = view.greeting_ms is not None and (
        view.greeting_ms >= _SLOW_MS and (not usual or view.greeting_ms >= _SLOWER * median(usual))
    )
    odd = not view.capabilities and any(one.capabilities for one in others)
    return 1 + slow + odd >= _SIGNS_OF_DISLIKE


def _about_certificates(address: str, group: Sequence[SeenServer], certificates: Certificates) -> list[Sign]:
    """A certificate that no other location saw in the last days and that is not trusted. Where each location sees
    another certificate of this kind, none of them is the usual one, so nobody is suspected.
    """
    presented = [one for one in group if one.view.certificate is not None]
    shas = Counter(one.view.certificate for one in presented)
    usual = {one.view.certificate for one in presented if one.view.trusted or shas[one.view.certificate] > 1}
    usual |= {sha for sha, where in certificates.items() if len(where) > 1}
    found = []
    for here, view in presented:
        if view.certificate is None or view.trusted is not False or shas[view.certificate] > 1:
            continue
        elsewhere = certificates.get(view.certificate, {}).keys() - {here}
        if elsewhere or not any(one.view.certificate in usual for one in presented if one.location_id != here):
            continue
        found.append(Sign(here, SignKind.INTERCEPTION_SUSPECTED, address, f"it presents {certificate_words(view)}"))
    return found
