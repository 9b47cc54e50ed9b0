"""Who may do what (api.md, "Roles"). Pure: the one place that decides.

A route asks twice: `permits` before anything is read, from the role alone, and `reaches` once it is known what the
request is about.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from controller.model import Principal, Role


class Permission(StrEnum):
    """What a route needs; every route declares one."""

    PUBLIC = "public"  # health, schema, logging in
    READ = "read"
    CREATE = "create"
    CHANGE = "change"  # `readonly` may change a monitor's status and nothing else
    DELETE = "delete"
    TRIGGER = "trigger"
    HANDLE_INCIDENTS = "handle_incidents"  # acknowledge, comment, resolve by hand
    MANAGE_CUSTOMERS = "manage_customers"
    MANAGE_ORGANIZATION = "manage_organization"
    MANAGE_CHANNELS = "manage_channels"
    MANAGE_OWN_ACCOUNT = "manage_own_account"
    MANAGE_USERS = "manage_users"
    MANAGE_ORGANIZATION_TOKENS = "manage_organization_tokens"
    MANAGE_CUSTOMER_TOKENS = "manage_customer_tokens"


class Reach(StrEnum):
    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"  # 403: of one's own organization, but not for this principal
    HIDDEN = "hidden"  # 404: of another organization, whose things are not even known to be there


GLOBAL = frozenset({Role.GLOBAL_SUPPORTER, Role.GLOBAL_ADMIN})
"""Roles that see every organization."""

STATUS_FIELDS = frozenset({"status"})
"""What of a monitor the role `readonly` may change."""

_MONITORS = frozenset(
    {
        Permission.READ,
        Permission.CREATE,
        Permission.CHANGE,
        Permission.DELETE,
        Permission.TRIGGER,
        Permission.HANDLE_INCIDENTS,
    },
)
_PERSONAL = frozenset(
    {
        Permission.MANAGE_OWN_ACCOUNT,
        Permission.MANAGE_USERS,
        Permission.MANAGE_ORGANIZATION_TOKENS,
        Permission.MANAGE_CUSTOMER_TOKENS,
    }
)
"""For people only: a token that could make tokens or people would outlive its own end."""

_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.GLOBAL_ADMIN: frozenset(Permission),
    Role.USER: _MONITORS | {Permission.MANAGE_CUSTOMER_TOKENS, Permission.MANAGE_OWN_ACCOUNT},
    Role.EDITOR: _MONITORS | {Permission.MANAGE_CUSTOMER_TOKENS, Permission.MANAGE_OWN_ACCOUNT},
    Role.READONLY: frozenset({Permission.READ, Permission.CHANGE, Permission.MANAGE_OWN_ACCOUNT}),
    Role.GLOBAL_SUPPORTER: frozenset({Permission.READ, Permission.MANAGE_OWN_ACCOUNT}),
}


def permits(principal: Principal, permission: Permission) -> bool:
    """Whether anything at all could be done with this permission."""
    if permission is Permission.PUBLIC:
        return True
    if permission in _PERSONAL and principal.account_id is None:
        return False
    return permission in _PERMISSIONS[principal.role]


def reaches(
    principal: Principal, permission: Permission, *, organization_id: int, customer_id: int | None = None
) -> Reach:
    """Whether it may be done to something of this customer, or of the organization as a whole where there is none."""
    if principal.role not in GLOBAL and principal.works_in != organization_id:
        return Reach.HIDDEN
    if not permits(principal, permission):
        return Reach.FORBIDDEN
    if principal.customer_ids is None or customer_id in principal.customer_ids:
        return Reach.ALLOWED
    if customer_id is None and permission is Permission.READ:
        return Reach.ALLOWED  # the organization's own name and settings; lists of what is in it are limited
    return Reach.FORBIDDEN


def limits_to(principal: Principal) -> int | None:
    """The only organization whose things this principal can find by their public id; None is any."""
    return None if principal.role in GLOBAL else principal.organization_id


def may_change(principal: Principal, fields: Iterable[str]) -> bool:
    """Whether these fields of a monitor may be sent in a change, changed or not."""
    return principal.role is not Role.READONLY or STATUS_FIELDS.issuperset(fields)


def sees_secrets(principal: Principal) -> bool:
    """Whether the answer to a write may show a config's secrets: to who may write the config (api.md, rule 10)."""
    return permits(principal, Permission.CREATE)


def customers_within(role: Role, customer_ids: Iterable[int] | None) -> frozenset[int] | None:
    """What an account is limited to: `readonly` sees the customers given to it and no other, so none without any."""
    if customer_ids is None:
        return frozenset() if role is Role.READONLY else None
    return frozenset(customer_ids)


def may_grant(principal: Principal, role: Role, *, operating: bool) -> bool:
    """Whether this principal may give an account that role; `operating`: it works in the organization that runs us."""
    if not permits(principal, Permission.MANAGE_USERS) or principal.customer_ids is not None:
        return False
    return role not in GLOBAL or principal.role is Role.GLOBAL_ADMIN or operating
