"""Permissions: which principal may do what (docs/compatibility.md, R1). Pure; no other module decides this.

A route checks twice: `permits` checks the role before anything is read, and `reaches` checks the organization and the
customer once the request's object is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from controller.model import Principal, Role, TokenScope


class Permission(StrEnum):
    """What a route requires; every route declares one."""

    PUBLIC = "public"  # health, schema, logging in
    READ = "read"
    CREATE = "create"
    CHANGE = "change"  # `readonly` may change a monitor's status and nothing else
    DELETE = "delete"
    TRIGGER = "trigger"
    HANDLE_INCIDENTS = "handle_incidents"  # acknowledge, comment, resolve by hand
    PLAN_MAINTENANCE = "plan_maintenance"  # make, change and delete maintenance windows
    TAG = "tag"  # make tags, and put them on monitors that one may read
    MANAGE_CUSTOMERS = "manage_customers"
    MANAGE_ORGANIZATION = "manage_organization"
    MANAGE_ALL_ORGANIZATIONS = "manage_all_organizations"  # to add one; only for global admins
    MANAGE_CHANNELS = "manage_channels"
    MANAGE_OWN_ACCOUNT = "manage_own_account"
    MANAGE_USERS = "manage_users"
    MANAGE_SIGN_ON = "manage_sign_on"  # who signs the organization's people in, and with which roles
    MANAGE_ORGANIZATION_TOKENS = "manage_organization_tokens"
    MANAGE_CUSTOMER_TOKENS = "manage_customer_tokens"
    MANAGE_LOCATIONS = "manage_locations"  # only in the organization that runs the installation
    READ_AUDIT = "read_audit"  # of the organization; the installation's with the organization that runs it
    READ_METRICS = "read_metrics"  # of the whole installation: only in the organization that runs it


class Reach(StrEnum):
    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"  # 403: in the principal's organization, but not allowed to this principal
    HIDDEN = "hidden"  # 404: in another organization; the answer must not reveal that it exists


GLOBAL = frozenset({Role.GLOBAL_SUPPORTER, Role.GLOBAL_ADMIN})
"""Roles that see every organization."""

STATUS_FIELDS = frozenset({"status"})
"""The fields of a monitor that the role `readonly` may change."""

_MONITORS = frozenset(
    {
        Permission.READ,
        Permission.CREATE,
        Permission.CHANGE,
        Permission.DELETE,
        Permission.TRIGGER,
        Permission.HANDLE_INCIDENTS,
        Permission.PLAN_MAINTENANCE,
        Permission.TAG,
    },
)
_PERSONAL = frozenset(
    {
        Permission.MANAGE_OWN_ACCOUNT,
        Permission.MANAGE_USERS,
        Permission.MANAGE_SIGN_ON,
        Permission.MANAGE_ORGANIZATION_TOKENS,
        Permission.MANAGE_CUSTOMER_TOKENS,
        Permission.MANAGE_LOCATIONS,
    }
)
"""For people only: a token that could make tokens, accounts or enrolments could extend its access beyond its own
expiry.
"""

_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission) - {Permission.MANAGE_ALL_ORGANIZATIONS},
    Role.GLOBAL_ADMIN: frozenset(Permission),
    Role.USER: _MONITORS | {Permission.MANAGE_CUSTOMER_TOKENS, Permission.MANAGE_OWN_ACCOUNT},
    Role.EDITOR: _MONITORS | {Permission.MANAGE_CUSTOMER_TOKENS, Permission.MANAGE_OWN_ACCOUNT},
    Role.READONLY: frozenset(
        {
            Permission.READ,
            Permission.CHANGE,
            Permission.PLAN_MAINTENANCE,
            Permission.TAG,
            Permission.MANAGE_OWN_ACCOUNT,
        }
    ),
    Role.GLOBAL_SUPPORTER: frozenset({Permission.READ, Permission.TAG, Permission.MANAGE_OWN_ACCOUNT}),
}

_SCOPES: dict[TokenScope, frozenset[Permission]] = {
    TokenScope.READ: frozenset({Permission.READ}),
    TokenScope.WRITE: _MONITORS,
    TokenScope.ADMIN: frozenset(Permission),
}


def permits(principal: Principal, permission: Permission) -> bool:
    """Whether the principal may do anything at all with this permission."""
    if permission is Permission.PUBLIC:
        return True
    if permission in _PERSONAL and principal.account_id is None:
        return False
    return permission in _PERMISSIONS[principal.role] & _SCOPES[principal.scope]


def may_read_metrics(principal: Principal, *, operating: bool) -> bool:
    """Whether the principal may read the metrics; `operating`: its organization runs the installation."""
    if not permits(principal, Permission.READ_METRICS) or principal.customer_ids is not None:
        return False
    return operating or principal.role is Role.GLOBAL_ADMIN


def may_manage_locations(principal: Principal, *, operating: bool) -> bool:
    """Whether the principal may change locations; `operating`: its organization runs the installation."""
    if not permits(principal, Permission.MANAGE_LOCATIONS) or principal.customer_ids is not None:
        return False
    return operating or principal.role is Role.GLOBAL_ADMIN


def reaches(
    principal: Principal, permission: Permission, *, organization_id: int, customer_id: int | None = None
) -> Reach:
    """Whether the principal may use the permission on this customer's object (None: on the organization's own)."""
    if principal.role not in GLOBAL and principal.works_in != organization_id:
        return Reach.HIDDEN
    if not permits(principal, permission):
        return Reach.FORBIDDEN
    if principal.customer_ids is None or customer_id in principal.customer_ids:
        return Reach.ALLOWED
    if customer_id is None and permission is Permission.READ:
        return Reach.ALLOWED  # the organization's own name and settings; lists of its contents are limited elsewhere
    return Reach.FORBIDDEN


def limits_to(principal: Principal) -> int | None:
    """The only organization whose objects this principal can find by their public id; None is any."""
    return None if principal.role in GLOBAL else principal.organization_id


def may_change(principal: Principal, fields: Iterable[str]) -> bool:
    """Whether a change may contain these fields of a monitor, even with unchanged values."""
    return principal.role is not Role.READONLY or STATUS_FIELDS.issuperset(fields)


def sees_secrets(principal: Principal) -> bool:
    """Whether answers to writes show a config's secrets: to those that may write it (docs/compatibility.md, U10)."""
    return permits(principal, Permission.CREATE)


def customers_within(role: Role, customer_ids: Iterable[int] | None) -> frozenset[int] | None:
    """The customers an account is limited to, None is no limit. `readonly` sees only the customers given to it, so none
    without a list.
    """
    if customer_ids is None:
        return frozenset() if role is Role.READONLY else None
    return frozenset(customer_ids)


def principal_of_person(
    account_id: int, organization_id: int, role: Role, customer_ids: Iterable[int] | None
) -> Principal:
    """The principal that an account is. A global admin must name the organization of each request
    (docs/compatibility.md, R1).
    """
    return Principal(
        works_in=None if role is Role.GLOBAL_ADMIN else organization_id,
        role=role,
        customer_ids=None if role in GLOBAL else customers_within(role, customer_ids),
        account_id=account_id,
    )


def token_role(scope: TokenScope, *, limited: bool) -> Role:
    """The role of a token; `limited`: it is a customer's. Only a token with the scope `admin` manages a customer."""
    return Role.USER if limited and scope is not TokenScope.ADMIN else Role.ADMIN


def usual_scope(*, limited: bool) -> TokenScope:
    """The scope of a token that was made without one: an organization's may do everything, a customer's write."""
    return TokenScope.WRITE if limited else TokenScope.ADMIN


def may_grant(principal: Principal, role: Role, *, operating: bool) -> bool:
    """Whether this principal may give an account that role; `operating`: its organization runs the installation."""
    if not permits(principal, Permission.MANAGE_USERS) or principal.customer_ids is not None:
        return False
    return role not in GLOBAL or principal.role is Role.GLOBAL_ADMIN or operating
