"""Monitors to choose from in a form: those that are chosen, and those that a search found."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from controller.errors import InvalidError
from controller.http.services import Services
from controller.model import Principal
from controller.operations.maintenance.matching import monitors_called, monitors_found
from controller.pages.settings.requests import uuids_of

_MOST_FOUND = 20
_LONGEST_TEXT = 255


class MonitorChoice(msgspec.Struct, frozen=True):
    value: str
    name: str


class MonitorChoices(msgspec.Struct, frozen=True, kw_only=True):
    """`monitors` are those that are chosen, then those that were found; `found` says what became of the search."""

    monitors: list[MonitorChoice] = []
    found: str = ""


async def monitor_choices(services: Services, principal: Principal, chosen: Sequence[str], find: str) -> MonitorChoices:
    """`chosen` are ids as a form holds them, `find` is the text that somebody searches for."""
    try:
        called = await monitors_called(services.database, principal, uuids_of(list(chosen), "monitors"))
    except InvalidError:
        called = []
    text = find.strip()[:_LONGEST_TEXT].replace("\0", "")
    found = await monitors_found(services.database, principal, text, _MOST_FOUND) if text else []
    return MonitorChoices(
        monitors=_chosen_first(
            [MonitorChoice(str(one.public_id), one.name) for one in called],
            [MonitorChoice(str(one.public_id), one.name) for one in found],
        ),
        found=_found_words(len(found), text, more=len(found) == _MOST_FOUND),
    )


def _found_words(number: int, text: str, *, more: bool) -> str:
    if not text:
        return ""
    if not number:
        return f"No monitor has “{text}” in its name, server or customer."
    return f"The first {number} that were found. Search for more of the name to see others." if more else ""


def _chosen_first(chosen: Sequence[MonitorChoice], found: Sequence[MonitorChoice]) -> list[MonitorChoice]:
    known = {one.value for one in chosen}
    return [*chosen, *(one for one in found if one.value not in known)]
