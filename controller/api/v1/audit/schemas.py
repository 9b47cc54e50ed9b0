"""The shape of the audit log's entries, and the query parameters by which they are found."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar.params import QueryParameter

from controller.api.v1.results.query import given_moment, one_of
from controller.errors import InvalidError
from controller.http.timestamps import Timestamp, timestamp
from controller.model.audit import AuditAction, AuditEntry, ObjectKind
from controller.operations.audit.reading import AuditFound
from controller.store.audit.entries import AuditFilter

LONGEST_PAGE = 1000
DEFAULT_PAGE = 100
LONGEST_TEXT = 320

_MOMENT = "ISO 8601, UTC unless it says otherwise"
From = Annotated[str | None, QueryParameter(name="from", description=f"{_MOMENT}.")]
To = Annotated[str | None, QueryParameter(name="to", description=f"{_MOMENT}; not included.")]
ActorName = Annotated[
    str | None,
    QueryParameter(
        name="actor",
        description="The public UUID of a person or a token, an e-mail address, a token's name, or the name of the user"
        " who ran a command.",
    ),
]
ActionName = Annotated[
    str | None,
    QueryParameter(name="action", description="What was done.", schema_extra={"enum": list(AuditAction)}),
]
ObjectKindName = Annotated[
    str | None,
    QueryParameter(name="objectKind", description="The kind of the object.", schema_extra={"enum": list(ObjectKind)}),
]
ObjectId = Annotated[
    str | None,
    QueryParameter(
        name="objectId",
        description="`object.id` of an entry: a public UUID, or a location's code.",
    ),
]
AuditText = Annotated[
    str | None,
    QueryParameter(
        name="q",
        description="A part of the actor's name, of the action (`monitor.changed` or `monitor changed`) or of the"
        " object's name, in upper or lower case.",
        min_length=1,
        max_length=LONGEST_TEXT,
    ),
]
AuditLimit = Annotated[
    int | None,
    QueryParameter(
        ge=1, le=LONGEST_PAGE, description=f"Of a page {DEFAULT_PAGE} when not given, {LONGEST_PAGE} at most."
    ),
]
AuditCursorText = Annotated[
    str | None,
    QueryParameter(
        name="cursor", description="`nextCursor` of the page before, with the same parameters but for limit."
    ),
]


class AuditActorItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`id` is the public UUID of a person or a token, `name` the e-mail address or the token's name as it was then;
    both are null after a failed login of nobody who is known. A command's `name` is the user of the operating system,
    that of an answered message (`message`) its receiver. `session` is the id of a person's session.
    """

    kind: str
    id: str | None
    name: str | None
    session: str | None


class AuditObjectItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`id` is the public UUID, or the code of a location; `name` as it was then."""

    kind: str
    id: str | None
    name: str | None


class AuditItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`address` is the client's, or the host of a command. `before` and `after` hold the fields that changed; a secret
    is replaced by what happened to it. `organizationId` is null for what belongs to the installation.
    """

    id: int
    at: Timestamp
    organization_id: int | None
    actor: AuditActorItem
    address: str | None
    action: str
    object: AuditObjectItem
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Newest first. `nextCursor` is null at the end."""

    items: list[AuditItem]
    next_cursor: str | None


def audit_filter(
    since: str | None,
    until: str | None,
    actor: str | None,
    action: str | None,
    object_kind: str | None,
    object_id: str | None,
    text: str | None,
) -> AuditFilter:
    """Raises InvalidError."""
    filters = AuditFilter(
        since=given_moment(since, "from"),
        until=given_moment(until, "to"),
        actor=_text(actor, "actor"),
        action=None if action is None else one_of(AuditAction, action, "action"),
        object_kind=None if object_kind is None else one_of(ObjectKind, object_kind, "objectKind"),
        object_id=_text(object_id, "objectId"),
        text=_text(text, "q"),
    )
    if filters.since is not None and filters.until is not None and filters.since >= filters.until:
        raise InvalidError("to", "must be later than from")
    return filters


def audit_answer(found: AuditFound) -> AuditPage:
    return AuditPage(items=[_item(entry) for entry in found.entries], next_cursor=found.next_cursor)


def _item(entry: AuditEntry) -> AuditItem:
    return AuditItem(
        id=entry.id,
        at=timestamp(entry.at),
        organization_id=entry.organization_id,
        actor=AuditActorItem(
            kind=entry.actor_kind,
            id=entry.actor_id,
            name=entry.actor_name,
            session=str(entry.session) if entry.session else None,
        ),
        address=entry.address,
        action=entry.action,
        object=AuditObjectItem(kind=entry.object_kind, id=entry.object_id, name=entry.object_name),
        before=entry.before,
        after=entry.after,
    )


def _text(text: str | None, field: str) -> str | None:
    if text is not None and not (0 < len(text) <= LONGEST_TEXT and text.isprintable()):
        raise InvalidError(field, f"must be 1 to {LONGEST_TEXT} characters, none of them a control character")
    return text


EXAMPLE: dict[str, Any] = {
    "items": [
        {
            "id": 4711,
            "at": "2026-01-01T12:00:00.000Z",
            "organizationId": 1,
            "actor": {
                "kind": "person",
                "id": "55555555-5555-4555-8555-555555555555",
                "name": "admin@example.com",
                "session": "66666666-6666-4666-8666-666666666666",
            },
            "address": "192.0.2.7",
            "action": "monitor.changed",
            "object": {
                "kind": "monitor",
                "id": "33333333-3333-4333-8333-333333333333",
                "name": "MX of example.com",
            },
            "before": {"intervalSeconds": 60, "config": {"smtpPassword": "(secret)"}},
            "after": {"intervalSeconds": 30, "config": {"smtpPassword": "(secret changed)"}},
        }
    ],
    "nextCursor": None,
}
