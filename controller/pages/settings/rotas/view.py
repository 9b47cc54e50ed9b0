"""What the pages of rotas show. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from controller.decisions.on_call.rota import OnCall, Source
from controller.model.notification.on_call import NamedChannel, Rota, RotaOverride, SkippedEntry
from controller.pages.settings.channels.words import kind_label
from controller.pages.settings.rotas.calendar import RotaMonth
from controller.pages.settings.rotas.week import RotaWeek
from controller.pages.shell.texts import counted

DONE = {
    "made": "The rota is made. Its calendar is read within seconds.",
    "saved": "The rota is saved.",
    "deleted": "The rota is deleted.",
    "added": "The override is added.",
    "removed": "The override is removed.",
}


class RotaRow(msgspec.Struct, frozen=True, kw_only=True):
    """A rota of the list. `source` says in words where it comes from."""

    id: UUID
    name: str
    source: str
    problem: str


class RotasView(msgspec.Struct, frozen=True, kw_only=True):
    """All rotas, with the form of a new one."""

    done: str
    rotas: list[RotaRow]
    form: Mapping[str, Any]
    problems: Mapping[str, str]


class OverrideRow(msgspec.Struct, frozen=True, kw_only=True):
    """An override that is not over."""

    id: UUID
    who: str
    from_at: datetime
    to_at: datetime


class RotaView(msgspec.Struct, frozen=True, kw_only=True):
    """One rota: who is on call, its week and month, its overrides, and its forms."""

    done: str
    row: RotaRow
    path: str
    on_call: str
    until: datetime | None
    unknown: list[str]
    fetched_at: datetime | None
    failing_since: datetime | None
    skipped: list[SkippedEntry]
    week: RotaWeek
    month: RotaMonth
    overrides: list[OverrideRow]
    people: list[tuple[str, str]]
    form: Mapping[str, Any]
    problems: Mapping[str, str]


def rota_row(rota: Rota) -> RotaRow:
    source = "overrides alone"
    if rota.host is not None:
        read = counted(len(rota.events), "shift") if rota.fetched_at else "not read yet"
        source = f"the calendar at {rota.host}: {read}"
    return RotaRow(id=rota.public_id, name=rota.name, source=source, problem=rota.problem or "")


def on_call_words(found: OnCall) -> str:
    """For example "ann@example.com, by an override"."""
    if found.source is Source.NOBODY:
        return "nobody: steps that name this rota tell their channels alone"
    return f"{', '.join(found.names)}{', by an override' if found.source is Source.OVERRIDE else ''}"


def override_row(one: RotaOverride) -> OverrideRow:
    who = one.person.email if one.person else one.channel.name if one.channel else ""
    return OverrideRow(id=one.public_id, who=who, from_at=one.from_at, to_at=one.to_at)


def channel_choices(channels: Sequence[NamedChannel]) -> Iterator[tuple[str, str]]:
    """Each with its public id; those that share a name are told apart by their kind, and by their age if that is the
    same too.
    """
    names = Counter(one.name for one in channels)
    counts: Counter[tuple[str, str]] = Counter()
    for one in channels:
        counts[one.name, one.type] += 1
        number = counts[one.name, one.type]
        kind = kind_label(one.type) if number == 1 else f"{kind_label(one.type)} {number}"
        yield str(one.public_id), f"the channel {one.name}" + (f" ({kind})" if names[one.name] > 1 else "")
