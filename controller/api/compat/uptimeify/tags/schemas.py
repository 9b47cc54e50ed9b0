"""Tags as Uptimeify's clients send and read them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.api.compat.uptimeify.maintenance.schemas import TYPES
from controller.http.timestamps import Timestamp, timestamp
from controller.model.tags import Tag, TagColor
from controller.operations.tags.tags import Tagging

Color = Annotated[
    Any, Meta(description="gray when not given.", examples=["red"], extra_json_schema={"enum": [*TagColor, None]})
]


class NewTagBody(msgspec.Struct, frozen=True, kw_only=True):
    """A tag to make. It is a label without a value: `name` is the label's key."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"name": "database", "color": "red"}

    name: Annotated[
        str, Meta(description="1 to 50 characters, none of them a colon or a control character.", examples=["database"])
    ]
    color: Color = None


class NewMonitorTagBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A monitor and the tag to put on it, by their numbers."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"monitorType": "smtp", "monitorId": 200, "tagId": 1}

    monitor_type: Annotated[str, Meta(description="The type of the monitor.", extra_json_schema={"enum": list(TYPES)})]
    monitor_id: int
    tag_id: int


class TagAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`createdBy` is the number of an account; null for a tag that a token made, or that came about as a label."""

    id: int
    public_id: UUID
    organization_id: int
    name: str
    color: str
    created_by: int | None
    created_at: Timestamp
    updated_at: Timestamp


class MonitorTagAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """That a monitor has a tag, and since when."""

    monitor_type: str
    monitor_id: int
    tag_id: int
    created_at: Timestamp


TAG: dict[str, Any] = {
    "id": 1,
    "publicId": "88888888-8888-4888-8888-888888888888",
    "organizationId": 1,
    "name": "database",
    "color": "red",
    "createdBy": 3,
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}
TAGGED: dict[str, Any] = {
    "monitorType": "smtp",
    "monitorId": 200,
    "tagId": 1,
    "createdAt": "2026-01-01T12:00:00.000Z",
}

BODIES = (NewTagBody, NewMonitorTagBody, TagAnswer, MonitorTagAnswer)


def tag_answer(tag: Tag) -> TagAnswer:
    return TagAnswer(
        id=tag.id,
        public_id=tag.public_id,
        organization_id=tag.organization_id,
        name=tag.name,
        color=tag.color.value,
        created_by=tag.made_by,
        created_at=timestamp(tag.created_at),
        updated_at=timestamp(tag.updated_at),
    )


def tagged_answer(monitor_type: str, tagging: Tagging) -> MonitorTagAnswer:
    return MonitorTagAnswer(
        monitor_type=monitor_type,
        monitor_id=tagging.monitor.id,
        tag_id=tagging.tag.id,
        created_at=timestamp(tagging.since),
    )
