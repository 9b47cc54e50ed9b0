"""The audit log in words: what was done to which kind of object. An entry may be older than these words, so a name that
has none is shown as it is, in words of its own. Pure.
"""

from __future__ import annotations

from controller.model.audit import AuditAction, ObjectKind

ACTIONS = {
    AuditAction.ORGANIZATION_CREATED: "organization added",
    AuditAction.ORGANIZATION_CHANGED: "organization changed",
    AuditAction.DEFAULTS_CHANGED: "defaults of new monitors changed",
    AuditAction.POLICY_CHANGED: "policy changed",
    AuditAction.PACKAGE_CREATED: "package made",
    AuditAction.PACKAGE_CHANGED: "package changed",
    AuditAction.PACKAGE_DELETED: "package deleted",
    AuditAction.CUSTOMER_CREATED: "customer added",
    AuditAction.CUSTOMER_CHANGED: "customer changed",
    AuditAction.USER_CREATED: "account of a person added",
    AuditAction.USER_CHANGED: "account of a person changed",
    AuditAction.USER_ROLE_CHANGED: "role of a person changed",
    AuditAction.USER_DELETED: "account of a person deleted",
    AuditAction.TOKEN_CREATED: "API token made",
    AuditAction.TOKEN_DELETED: "API token revoked",
    AuditAction.SCREEN_CREATED: "link of a wall screen made",
    AuditAction.SCREEN_REVOKED: "link of a wall screen revoked",
    AuditAction.LOGIN: "logged in",
    AuditAction.LOGIN_FAILED: "login failed",
    AuditAction.LOGOUT: "logged out",
    AuditAction.SESSION_ENDED: "session ended",
    AuditAction.LOGIN_LINK_CREATED: "login link made",
    AuditAction.SIGN_ON_CREATED: "single sign-on set up",
    AuditAction.SIGN_ON_CHANGED: "single sign-on changed",
    AuditAction.SIGN_ON_DELETED: "single sign-on removed",
    AuditAction.MONITOR_CREATED: "monitor created",
    AuditAction.MONITOR_CHANGED: "monitor changed",
    AuditAction.MONITOR_DELETED: "monitor deleted",
    AuditAction.MAINTENANCE_CREATED: "maintenance window planned",
    AuditAction.MAINTENANCE_CHANGED: "maintenance window changed",
    AuditAction.MAINTENANCE_DELETED: "maintenance window deleted",
    AuditAction.FEED_CREATED: "calendar feed made",
    AuditAction.FEED_REVOKED: "calendar feed revoked",
    AuditAction.CHANNEL_CREATED: "channel created",
    AuditAction.CHANNEL_CHANGED: "channel changed",
    AuditAction.CHANNEL_DELETED: "channel deleted",
    AuditAction.SAVED_FILTER_CREATED: "saved filter made",
    AuditAction.SAVED_FILTER_CHANGED: "saved filter changed",
    AuditAction.SAVED_FILTER_DELETED: "saved filter deleted",
    AuditAction.TAG_CREATED: "tag made",
    AuditAction.INCIDENT_ACKNOWLEDGED: "incident acknowledged",
    AuditAction.INCIDENT_COMMENTED: "incident commented on",
    AuditAction.INCIDENT_RESOLVED: "incident resolved by hand",
    AuditAction.LOCATION_ADDED: "location added",
    AuditAction.LOCATION_RENAMED: "location renamed",
    AuditAction.LOCATION_ROTATED: "location given a new enrolment",
    AuditAction.LOCATION_DISABLED: "location disabled",
    AuditAction.LOCATION_ENABLED: "location enabled",
    AuditAction.LOCATION_REMOVED: "location removed",
    AuditAction.LOCATION_UNSIGNED_ALLOWED: "unsigned results of a location allowed",
    AuditAction.LOCATION_UNSIGNED_REFUSED: "unsigned results of a location refused",
    AuditAction.SUBSCRIBER_ADDED: "subscriber of events added",
    AuditAction.SUBSCRIBER_REVOKED: "subscriber of events revoked",
    AuditAction.TRUST_KEY_ADDED: "key for requests to agents added",
    AuditAction.TRUST_KEY_USED: "key for requests to agents taken into use",
    AuditAction.TRUST_KEY_DROPPED: "key for requests to agents dropped",
    AuditAction.VAULT_KEYS_ROTATED: "stored secrets encrypted with a new key",
}
OBJECTS = {
    ObjectKind.ORGANIZATION: "organization",
    ObjectKind.PACKAGE: "package",
    ObjectKind.CUSTOMER: "customer",
    ObjectKind.USER: "account of a person",
    ObjectKind.TOKEN: "API token",
    ObjectKind.SCREEN: "wall screen",
    ObjectKind.SESSION: "session",
    ObjectKind.SIGN_ON: "single sign-on",
    ObjectKind.MONITOR: "monitor",
    ObjectKind.CHANNEL: "channel",
    ObjectKind.SAVED_FILTER: "saved filter",
    ObjectKind.MAINTENANCE: "maintenance window",
    ObjectKind.FEED: "calendar feed",
    ObjectKind.TAG: "tag",
    ObjectKind.INCIDENT: "incident",
    ObjectKind.LOCATION: "location",
    ObjectKind.SUBSCRIBER: "subscriber of events",
    ObjectKind.TRUST: "keys for requests to agents",
    ObjectKind.VAULT: "stored secrets",
}
_BY_NAME: dict[str, str] = {one.value: words for names in (ACTIONS, OBJECTS) for one, words in names.items()}


def words_of(name: str) -> str:
    """Of an action or a kind of object."""
    return _BY_NAME.get(name) or name.replace(".", " ").replace("_", " ")
