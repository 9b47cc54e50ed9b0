"""Entries of the audit log: who did what with which object."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class AuditAction(StrEnum):
    """What was done: the kind of the object, and what happened to it."""

    ORGANIZATION_CREATED = "organization.created"
    ORGANIZATION_CHANGED = "organization.changed"
    DEFAULTS_CHANGED = "defaults.changed"
    POLICY_CHANGED = "policy.changed"
    PACKAGE_CREATED = "package.created"
    PACKAGE_CHANGED = "package.changed"
    PACKAGE_DELETED = "package.deleted"
    CUSTOMER_CREATED = "customer.created"
    CUSTOMER_CHANGED = "customer.changed"
    USER_CREATED = "user.created"
    USER_CHANGED = "user.changed"
    USER_ROLE_CHANGED = "user.role_changed"
    USER_DELETED = "user.deleted"
    TOKEN_CREATED = "token.created"  # noqa: S105 - not a token
    TOKEN_DELETED = "token.deleted"  # noqa: S105
    SCREEN_CREATED = "screen.created"
    SCREEN_REVOKED = "screen.revoked"
    LOGIN = "session.login"
    LOGIN_FAILED = "session.login_failed"
    LOGOUT = "session.logout"
    SESSION_ENDED = "session.ended"
    LOGIN_LINK_CREATED = "login_link.created"
    SIGN_ON_CREATED = "sign_on.created"
    SIGN_ON_CHANGED = "sign_on.changed"
    SIGN_ON_DELETED = "sign_on.deleted"
    MONITOR_CREATED = "monitor.created"
    MONITOR_CHANGED = "monitor.changed"
    MONITOR_DELETED = "monitor.deleted"
    CHANNEL_CREATED = "channel.created"
    CHANNEL_CHANGED = "channel.changed"
    CHANNEL_DELETED = "channel.deleted"
    RECIPIENT_GROUP_CREATED = "recipient_group.created"
    RECIPIENT_GROUP_CHANGED = "recipient_group.changed"
    RECIPIENT_GROUP_DELETED = "recipient_group.deleted"
    BLACKOUT_CREATED = "blackout.created"
    BLACKOUT_CHANGED = "blackout.changed"
    BLACKOUT_DELETED = "blackout.deleted"
    ESCALATION_CREATED = "escalation_policy.created"
    ESCALATION_CHANGED = "escalation_policy.changed"
    ESCALATION_DELETED = "escalation_policy.deleted"
    ROTA_CREATED = "rota.created"
    ROTA_CHANGED = "rota.changed"
    ROTA_DELETED = "rota.deleted"
    SAVED_FILTER_CREATED = "saved_filter.created"
    SAVED_FILTER_CHANGED = "saved_filter.changed"
    SAVED_FILTER_DELETED = "saved_filter.deleted"
    MAINTENANCE_CREATED = "maintenance.created"
    MAINTENANCE_CHANGED = "maintenance.changed"
    MAINTENANCE_DELETED = "maintenance.deleted"
    FEED_CREATED = "calendar_feed.created"
    FEED_REVOKED = "calendar_feed.revoked"
    TAG_CREATED = "tag.created"
    INCIDENT_ACKNOWLEDGED = "incident.acknowledged"
    INCIDENT_COMMENTED = "incident.commented"
    INCIDENT_RESOLVED = "incident.resolved"
    LOCATION_ADDED = "location.added"
    LOCATION_RENAMED = "location.renamed"
    LOCATION_ROTATED = "location.rotated"
    LOCATION_DISABLED = "location.disabled"
    LOCATION_ENABLED = "location.enabled"
    LOCATION_REMOVED = "location.removed"
    LOCATION_UNSIGNED_ALLOWED = "location.unsigned_allowed"
    LOCATION_UNSIGNED_REFUSED = "location.unsigned_refused"
    SUBSCRIBER_ADDED = "subscriber.added"
    SUBSCRIBER_REVOKED = "subscriber.revoked"
    TRUST_KEY_ADDED = "trust.key_added"
    TRUST_KEY_USED = "trust.key_used"
    TRUST_KEY_DROPPED = "trust.key_dropped"
    VAULT_KEYS_ROTATED = "vault.keys_rotated"


class ObjectKind(StrEnum):
    """The kind of the object that an entry is about."""

    ORGANIZATION = "organization"
    PACKAGE = "package"
    CUSTOMER = "customer"
    USER = "user"
    TOKEN = "token"  # noqa: S105 - not a token
    SCREEN = "screen"
    SESSION = "session"
    SIGN_ON = "sign_on"
    MONITOR = "monitor"
    CHANNEL = "channel"
    RECIPIENT_GROUP = "recipient_group"
    BLACKOUT = "blackout"
    ESCALATION = "escalation_policy"
    ROTA = "rota"
    SAVED_FILTER = "saved_filter"
    MAINTENANCE = "maintenance"
    FEED = "calendar_feed"
    TAG = "tag"
    INCIDENT = "incident"
    LOCATION = "location"
    SUBSCRIBER = "subscriber"
    TRUST = "trust"
    VAULT = "vault"


class ActorKind(StrEnum):
    """Who acts: a person, an API token, a command of mailprobe-controller, who answers a message by its link, or
    somebody in an on-call service.
    """

    PERSON = "person"
    TOKEN = "token"  # noqa: S105 - not a token
    COMMAND = "command"
    MESSAGE = "message"
    SERVICE = "service"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts, and from where. A person or a token has a `number`, by which the store finds its id and name; a person
    without one is not known, as after a failed login. A command has as `name` the user of the operating system, and as
    `address` the host. Who answers a message has as `name` its receiver; of an on-call service, `name` says who acts
    there.
    """

    kind: ActorKind
    number: int | None = None
    name: str | None = None
    session: UUID | None = None
    address: str | None = None


class AuditObject(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry is about. `organization_id` is None for what belongs to the installation."""

    kind: ObjectKind
    id: str | None = None
    name: str | None = None
    organization_id: int | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A stored entry. `before` and `after` hold the fields that changed, without secrets."""

    id: int
    at: datetime
    organization_id: int | None
    actor_kind: str
    actor_id: str | None
    actor_name: str | None
    session: UUID | None
    address: str | None
    action: str
    object_kind: str
    object_id: str | None
    object_name: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
