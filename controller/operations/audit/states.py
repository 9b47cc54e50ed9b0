"""The objects that entries of the audit log are about, and which of their fields an entry may show."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

import msgspec

from controller.decisions.monitors.monitors import is_email
from controller.model import Account, ApiToken, Channel, Customer, Location, Monitor, Organization
from controller.model.audit import AuditObject, ObjectKind
from controller.model.maintenance import MaintenanceWindow, WindowTargets
from controller.model.values.field_names import camel
from controller.model.walls import ScreenToken
from controller.operations.audit.differences import Hidden
from shared.epoch import to_text

Audited: TypeAlias = (
    Organization | Customer | Account | ApiToken | Monitor | Channel | Location | ScreenToken | MaintenanceWindow
)

_ABOUT_ITSELF = frozenset(
    {
        *("id", "public_id", "organization_id", "created_at", "updated_at", "last_login_at", "last_used_at"),
        *(
            "customer_name",
            "customer_public_id",
            "last_checked_at",
            "maintenance",
            "target_changed_at",
            "cancelled_at",
            "monitor_kind",
        ),
        *("owner_id", "monitor_public_id", "hint", "public_key", "older_keys", "removed"),
        *("made_by", "last_used_address", "of_status", "stored"),
    }
)
"""Fields that say who an object is, or that change by themselves."""


def object_of(thing: Audited) -> AuditObject:
    match thing:
        case Organization():
            return AuditObject(
                kind=ObjectKind.ORGANIZATION, id=str(thing.public_id), name=thing.name, organization_id=thing.id
            )
        case Account():
            return _of(ObjectKind.USER, str(thing.public_id), thing.email, thing.organization_id)
        case Customer():
            return _of(ObjectKind.CUSTOMER, str(thing.public_id), thing.name, thing.organization_id)
        case Monitor():
            return _of(ObjectKind.MONITOR, str(thing.public_id), thing.name, thing.organization_id)
        case Channel():
            return _of(ObjectKind.CHANNEL, str(thing.public_id), thing.name, thing.organization_id)
        case ApiToken():
            return _of(ObjectKind.TOKEN, str(thing.public_id), thing.name, thing.organization_id)
        case ScreenToken():
            return _of(ObjectKind.SCREEN, str(thing.public_id), thing.name, thing.organization_id)
        case MaintenanceWindow():
            return _of(ObjectKind.MAINTENANCE, str(thing.public_id), thing.name, thing.organization_id)
        case Location():
            return _of(ObjectKind.LOCATION, thing.code, thing.name, None)


def fields_of(thing: Audited) -> dict[str, Any]:
    """The fields by the names of the API. Secrets are still among them, in the form in which they are stored."""
    fields = {
        camel(name): to_text(value) if isinstance(value, datetime) else value
        for name, value in msgspec.to_builtins(msgspec.structs.asdict(thing), builtin_types=(datetime,)).items()
        if name not in _ABOUT_ITSELF and value is not None
    }
    if isinstance(thing, Channel):
        fields["config"] = {name: _of_channel(name, value) for name, value in thing.config.items()}
    if isinstance(thing, MaintenanceWindow):
        fields["targets"] = _targets(thing.targets)
    if isinstance(thing, Organization) and thing.default_notification_targets is not None:
        fields["defaultNotificationTargets"] = _of_channel("", thing.default_notification_targets)
    return fields


def _of(kind: ObjectKind, identifier: str, name: str, organization_id: int | None) -> AuditObject:
    return AuditObject(kind=kind, id=identifier, name=name, organization_id=organization_id)


def _targets(targets: WindowTargets) -> dict[str, Any]:
    return {
        "monitors": [str(one.public_id) for one in targets.monitors],
        "customers": [str(one.public_id) for one in targets.customers],
        "locations": [one.code for one in targets.locations],
        "labels": [one.key if one.value is None else f"{one.key}:{one.value}" for one in targets.labels],
        "organization": targets.organization,
    }


def _of_channel(name: str, value: Any) -> Any:
    """Of a channel's config addresses, numbers and URLs' hosts are shown: any other text may let somebody in, such as
    the topic of a push service, the value of a header or the template of a body.
    """
    if name == "headers" and value:
        return Hidden(value)
    if isinstance(value, list):
        return [_of_channel(name, item) for item in value]
    if isinstance(value, dict):
        return {inner: _of_channel(inner, item) for inner, item in value.items()}
    plain = not isinstance(value, str) or not value or is_email(value) or "://" in value
    return value if plain or _is_phone_number(value) else Hidden(value)


def _is_phone_number(text: str) -> bool:
    return text.startswith("+") and text[1:].replace(" ", "").isdigit()
