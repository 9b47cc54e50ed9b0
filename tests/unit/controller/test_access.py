"""Who may do what: a pure decision, tested over every role, scope and permission."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest

from controller.decisions.access import (
    Permission,
    Reach,
    customers_within,
    limits_to,
    may_change,
    may_grant,
    may_manage_locations,
    may_read_metrics,
    permits,
    reaches,
    sees_secrets,
    token_role,
)
from controller.errors import OrganizationRequiredError
from controller.model import Principal, Role, TokenScope

OURS, STRANGE = 1, 2
OWN, OTHER, THEIRS = 10, 11, 20
P = Permission
EVERYWHERE = {Role.GLOBAL_ADMIN, Role.GLOBAL_SUPPORTER}
MONITORS = {P.READ, P.CREATE, P.CHANGE, P.DELETE, P.TRIGGER, P.HANDLE_INCIDENTS, P.PLAN_MAINTENANCE, P.TAG}
PERSONAL = {
    *(P.MANAGE_USERS, P.MANAGE_SIGN_ON, P.MANAGE_ORGANIZATION_TOKENS, P.MANAGE_CUSTOMER_TOKENS, P.MANAGE_OWN_ACCOUNT),
    P.MANAGE_LOCATIONS,
}

# The table of docs/compatibility.md, R1: what each role may do.
TABLE: dict[Role, set[Permission]] = {
    Role.ADMIN: set(Permission) - {P.MANAGE_ALL_ORGANIZATIONS},
    Role.GLOBAL_ADMIN: set(Permission),
    Role.USER: MONITORS | {P.PUBLIC, P.MANAGE_CUSTOMER_TOKENS, P.MANAGE_OWN_ACCOUNT},
    Role.EDITOR: MONITORS | {P.PUBLIC, P.MANAGE_CUSTOMER_TOKENS, P.MANAGE_OWN_ACCOUNT},
    Role.READONLY: {P.PUBLIC, P.READ, P.CHANGE, P.PLAN_MAINTENANCE, P.TAG, P.MANAGE_OWN_ACCOUNT},
    Role.GLOBAL_SUPPORTER: {P.PUBLIC, P.READ, P.TAG, P.MANAGE_OWN_ACCOUNT},
}


def somebody(role: Role, *, customers: set[int] | None = None, token: bool = False) -> Principal:
    return Principal(
        works_in=OURS,
        role=role,
        customer_ids=None if customers is None else frozenset(customers),
        token_id=5 if token else None,
        account_id=None if token else 6,
    )


@pytest.mark.parametrize(("role", "permission"), list(product(Role, Permission)))
def test_a_role_permits_what_the_table_says(role: Role, permission: Permission) -> None:
    assert permits(somebody(role), permission) == (permission in TABLE[role])


@pytest.mark.parametrize(("role", "permission"), list(product((Role.ADMIN, Role.USER), Permission)))
def test_a_token_manages_neither_tokens_nor_people(role: Role, permission: Permission) -> None:
    assert permits(somebody(role, token=True), permission) == (permission in TABLE[role] - PERSONAL)


@pytest.mark.parametrize(("scope", "permission"), list(product(TokenScope, Permission)))
@pytest.mark.parametrize("customers", [None, {OWN}])
def test_a_token_may_do_what_both_its_scope_and_its_role_allow(
    scope: TokenScope, permission: Permission, customers: set[int] | None
) -> None:
    of_scope = {
        TokenScope.READ: {P.PUBLIC, P.READ},
        TokenScope.WRITE: {P.PUBLIC, *MONITORS},
        TokenScope.ADMIN: set(Permission),
    }
    role = token_role(scope, limited=customers is not None)
    who = msgspec.structs.replace(somebody(role, customers=customers, token=True), scope=scope)
    allowed = permission in (of_scope[scope] & TABLE[role]) - PERSONAL
    assert permits(who, permission) == allowed
    if permission is not P.PUBLIC:
        assert (reaches(who, permission, organization_id=OURS, customer_id=OWN) is Reach.ALLOWED) == allowed
        assert reaches(who, permission, organization_id=STRANGE, customer_id=THEIRS) is Reach.HIDDEN
        other = reaches(who, permission, organization_id=OURS, customer_id=OTHER)
        assert (other is Reach.ALLOWED) == (allowed and customers is None)
    assert sees_secrets(who) == (scope is not TokenScope.READ)


@pytest.mark.parametrize("permission", [permission for permission in Permission if permission is not P.PUBLIC])
@pytest.mark.parametrize(
    ("role", "limited"),
    [(role, limited) for role in Role for limited in (False, True) if not (limited and role in EVERYWHERE)],
)
@pytest.mark.parametrize(
    ("organization", "customer"), [(OURS, OWN), (OURS, OTHER), (OURS, None), (STRANGE, THEIRS), (STRANGE, None)]
)
def test_reach_over_the_whole_matrix(
    role: Role, permission: Permission, limited: bool, organization: int, customer: int | None
) -> None:
    everywhere = role in EVERYWHERE
    who = somebody(role, customers={OWN} if limited else None)
    if organization == STRANGE and not everywhere:
        expected = Reach.HIDDEN
    elif permission not in TABLE[role]:
        expected = Reach.FORBIDDEN
    elif not limited or customer == OWN or (customer is None and permission is P.READ):
        expected = Reach.ALLOWED
    else:
        expected = Reach.FORBIDDEN
    assert reaches(who, permission, organization_id=organization, customer_id=customer) is expected


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    ("fields", "status_only"),
    [([], True), (["status"], True), (["name"], False), (["status", "name"], False), (["unknown"], False)],
)
def test_readonly_sends_the_status_and_nothing_else(role: Role, fields: list[str], status_only: bool) -> None:
    assert may_change(somebody(role), fields) == (status_only or role is not Role.READONLY)


@pytest.mark.parametrize("role", Role)
def test_secrets_are_shown_to_who_may_write_them(role: Role) -> None:
    assert sees_secrets(somebody(role)) == (role not in {Role.READONLY, Role.GLOBAL_SUPPORTER})


@pytest.mark.parametrize("role", Role)
def test_an_account_without_customers_is_unlimited_unless_it_is_readonly(role: Role) -> None:
    assert customers_within(role, None) == (frozenset() if role is Role.READONLY else None)
    assert customers_within(role, [OWN, OWN]) == frozenset({OWN})


@pytest.mark.parametrize(
    ("granting", "operating", "may"),
    [
        pytest.param(Role.ADMIN, False, {Role.ADMIN, Role.USER, Role.EDITOR, Role.READONLY}, id="admin"),
        pytest.param(Role.ADMIN, True, set(Role), id="admin of the operating organization"),
        pytest.param(Role.GLOBAL_ADMIN, False, set(Role), id="global admin"),
        pytest.param(Role.USER, True, set(), id="user"),
        pytest.param(Role.GLOBAL_SUPPORTER, True, set(), id="global supporter"),
    ],
)
def test_nobody_grants_more_than_they_have(granting: Role, operating: bool, may: set[Role]) -> None:
    assert {role for role in Role if may_grant(somebody(granting), role, operating=operating)} == may


def test_an_admin_of_some_customers_grants_nothing() -> None:
    limited = somebody(Role.ADMIN, customers={OWN})
    assert not any(may_grant(limited, role, operating=True) for role in Role)


def test_a_global_admin_must_name_an_organization() -> None:
    nowhere = Principal(works_in=None, role=Role.GLOBAL_ADMIN, account_id=6)
    with pytest.raises(OrganizationRequiredError):
        _ = nowhere.organization_id
    assert limits_to(nowhere) is None
    assert limits_to(somebody(Role.ADMIN)) == OURS


@pytest.mark.parametrize(("role", "operating", "limited"), list(product(Role, (True, False), (True, False))))
def test_metrics_and_changes_of_locations_are_for_administrators_of_the_installation(
    role: Role, operating: bool, limited: bool
) -> None:
    caller = somebody(role, customers={OWN} if limited else None)
    administrates = role is Role.GLOBAL_ADMIN or (role is Role.ADMIN and operating)
    assert may_read_metrics(caller, operating=operating) == (administrates and not limited)
    assert may_manage_locations(caller, operating=operating) == (administrates and not limited)
