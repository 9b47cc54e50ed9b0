"""The rules of single sign-on: addresses of providers, roles of groups, and accounts that a provider may sign in to."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decisions.access import GLOBAL
from controller.decisions.sign_on import is_provider_url, may_take, rights_of
from controller.model import Account, Role
from controller.model.sign_on import GroupRole, SignedOn, SignOn

AT = datetime(2026, 1, 1, tzinfo=UTC)
OURS, STRANGE = 1, 2


def sign_on(*roles: GroupRole, default: Role | None = None) -> SignOn:
    return SignOn(
        organization_id=OURS,
        issuer="https://login.example.com",
        client_id="c",
        scopes=["openid"],
        groups_claim="groups",
        roles=list(roles),
        default_role=default,
        create_users=True,
        allowed_email_domains=None,
        created_at=AT,
        updated_at=AT,
    )


def person(*groups: str) -> SignedOn:
    return SignedOn(subject="s", email="a@example.com", email_verified=True, groups=frozenset(groups))


def account(role: Role, organization: int = OURS) -> Account:
    return Account(
        id=1,
        public_id=UUID(int=1),
        organization_id=organization,
        email="a@example.com",
        first_name=None,
        last_name=None,
        role=role,
        customer_ids=None,
        last_login_at=None,
        created_at=AT,
        updated_at=AT,
    )


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("https://login.example.com", True),
        ("https://login.example.com:8443/realms/a/", True),
        ("http://127.0.0.1:8080/realms/a", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://localhost.example.com", False),
        ("http://10.0.0.1", False),
        ("http://127.0.0.1.example.com", False),
        ("https://user:password@login.example.com", False),
        ("https://login.example.com/#fragment", False),
        ("https://login.example.com/a b", False),
        ("https://login.example.com:99999", False),
        ("//login.example.com", False),
        ("file:///etc/passwd", False),
        ("https://" + "a" * 2000, False),
    ],
)
def test_a_provider_is_asked_over_https_but_for_this_machine(url: str, accepted: bool) -> None:
    assert is_provider_url(url) is accepted


GROUPS = st.sampled_from(["a", "b", "c", "d"])


@given(
    order=st.permutations(["a", "b", "c"]),
    groups=st.sets(GROUPS),
    default=st.sampled_from([None, Role.READONLY]),
    operating=st.booleans(),
)
def test_the_first_group_that_fits_counts(
    order: list[str], groups: set[str], default: Role | None, operating: bool
) -> None:
    roles = {"a": Role.ADMIN, "b": Role.USER, "c": Role.GLOBAL_ADMIN}
    settings = sign_on(*(GroupRole(group=name, role=roles[name]) for name in order), default=default)
    found = rights_of(settings, person(*groups), operating=operating)
    fitting = [roles[name] for name in order if name in groups and (operating or name != "c")]
    assert (found.role if found else None) == (fitting[0] if fitting else default)
    assert operating or found is None or found.role not in GLOBAL


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("organization", [OURS, STRANGE])
@pytest.mark.parametrize("linked", [True, False])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("operating", [True, False])
def test_whose_account_a_provider_may_sign_in_to(
    role: Role, organization: int, linked: bool, known: bool, operating: bool
) -> None:
    taken = may_take(account(role, organization), OURS, linked=linked, known=known, operating=operating)
    if organization == STRANGE or (role in GLOBAL and not operating):
        assert not taken
    else:
        assert taken == (linked or not known)
