"""What the page of the audit log shows, and how its address is read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec

from controller.errors import InvalidError, InvalidFieldsError
from controller.model.audit import AuditAction, AuditEntry, ObjectKind
from controller.operations.audit.reading import AuditFilter, AuditFound
from controller.pages.words.audit import words_of
from controller.pages.words.audit_fields import words_of_field

FIELDS = ("q", "actor", "action", "kind", "object", "from", "to")
_LONGEST = 320
_LINKED = {"monitor": "/monitors/", "channel": "/settings/channels/", "incident": "/incidents/"}
_ACTORS = {"person": "", "token": "API token", "command": "command", "message": "answered a message"}


class FieldChange(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to one field, as text; empty where there was or is none."""

    field: str
    before: str
    after: str


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """An entry. `path` leads to the object, where it has a page and may still be there, and `only` to all entries about
    it.
    """

    at: datetime
    actor: str
    actor_kind: str
    actor_only: str
    address: str
    action: str
    kind: str
    name: str
    path: str
    only: str
    changes: list[FieldChange]


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    form: dict[str, str]
    problems: dict[str, str]
    rows: list[AuditRow]
    actions: list[tuple[str, str]]
    kinds: list[tuple[str, str]]
    filtered: bool
    begun: bool
    start: str
    following: str
    done: str = ""


def read_form(values: Mapping[str, str]) -> dict[str, str]:
    return {name: values.get(name, "").strip()[: _LONGEST + 1] for name in FIELDS}


def filter_of(form: Mapping[str, str]) -> AuditFilter:
    """Raises InvalidFieldsError. Days are of UTC, and the last one is in it."""
    mistakes: list[InvalidError] = []
    since, until = _day(form["from"], "from", mistakes), _day(form["to"], "to", mistakes, after=1)
    if form["action"] and form["action"] not in set(AuditAction):
        mistakes.append(InvalidError("action", "must be one of the list"))
    if form["kind"] and form["kind"] not in set(ObjectKind):
        mistakes.append(InvalidError("kind", "must be one of the list"))
    mistakes += [
        InvalidError(name, f"must be at most {_LONGEST} printable characters")
        for name in ("q", "actor", "object")
        if len(form[name]) > _LONGEST or not form[name].isprintable()
    ]
    if since and until and since >= until:
        mistakes.append(InvalidError("to", "must not be before the first day"))
    if mistakes:
        raise InvalidFieldsError(mistakes)
    return AuditFilter(
        since=since,
        until=until,
        actor=form["actor"] or None,
        action=form["action"] or None,
        object_kind=form["kind"] or None,
        object_id=form["object"] or None,
        text=form["q"] or None,
    )


def audit_view(form: dict[str, str], found: AuditFound, problems: dict[str, str], *, begun: bool) -> AuditView:
    given = {name: text for name, text in form.items() if text}
    return AuditView(
        form=form,
        problems=problems,
        rows=[_row(entry) for entry in found.entries],
        actions=[("", "any"), *((one.value, words_of(one)) for one in AuditAction)],
        kinds=[("", "any"), *((one.value, words_of(one)) for one in ObjectKind)],
        filtered=bool(given),
        begun=begun,
        start=_address(given),
        following=_address(given | {"cursor": found.next_cursor}) if found.next_cursor else "",
    )


def changes_of(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[FieldChange]:
    """Each field that was changed, set or removed, with dots where a field holds others."""
    old, new = dict(_flat(before or {})), dict(_flat(after or {}))
    return [
        FieldChange(field=words_of_field(name), before=old.get(name, ""), after=new.get(name, ""))
        for name in {**old, **new}
    ]


def _row(entry: AuditEntry) -> AuditRow:
    linked = entry.object_kind in _LINKED and entry.object_id and not entry.action.endswith(".deleted")
    return AuditRow(
        at=entry.at,
        actor=entry.actor_name or "nobody who is known",
        actor_kind=_ACTORS.get(entry.actor_kind, entry.actor_kind),
        actor_only=_address({"actor": entry.actor_id}) if entry.actor_id else "",
        address=entry.address or "",
        action=words_of(entry.action),
        kind=words_of(entry.object_kind),
        name=entry.object_name or "",
        path=f"{_LINKED[entry.object_kind]}{entry.object_id}" if linked else "",
        only=_address({"object": entry.object_id}) if entry.object_id else "",
        changes=changes_of(entry.before, entry.after),
    )


def _address(values: Mapping[str, str]) -> str:
    return f"/settings/audit?{urlencode(values)}" if values else "/settings/audit"


def _day(text: str, field: str, mistakes: list[InvalidError], *, after: int = 0) -> datetime | None:
    """The beginning of a day, or of the one so many days after it."""
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), UTC) + timedelta(days=after)
    except (ValueError, OverflowError):
        mistakes.append(InvalidError(field, "must be a day, as 2026-11-22"))
        return None


def _flat(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value if isinstance(value, str) else msgspec.json.encode(value).decode()
