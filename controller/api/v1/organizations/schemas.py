"""Organizations as global admins add and read them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec

from controller.http.timestamps import Timestamp, timestamp
from controller.model import Organization
from controller.store.accounts.all_organizations import ListedOrganization


class NewOrganization(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`name` is one that no other organization has, in upper or lower case."""

    name: Annotated[str, msgspec.Meta(description="1 to 255 printable characters.")]


class OrganizationItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`number` is what `organizationId` names in queries."""

    id: UUID
    number: int
    name: str
    created_at: Timestamp
    updated_at: Timestamp


class OrganizationsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    organizations: list[OrganizationItem]


BODIES = (NewOrganization, OrganizationItem, OrganizationsAnswer)

EXAMPLE: dict[str, Any] = {
    "id": "55555555-5555-4555-8555-555555555555",
    "number": 2,
    "name": "Example",
    "createdAt": "2026-01-01T12:00:00.000Z",
    "updatedAt": "2026-01-01T12:00:00.000Z",
}


def organization_item(organization: Organization | ListedOrganization) -> OrganizationItem:
    return OrganizationItem(
        id=organization.public_id,
        number=organization.id,
        name=organization.name,
        created_at=timestamp(organization.created_at),
        updated_at=timestamp(organization.updated_at),
    )
