"""Forms of the settings: what is stored fills the form in, and the form sends back the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from controller.decisions.monitors.defaults import AccountDefaults
from controller.errors import InvalidError
from controller.model import Customer, Location, Organization, Role
from controller.model.sign_on import GroupRole, SignOn
from controller.operations.accounts.defaults import stored_defaults
from controller.pages.settings.customers.forms import CustomerForm, customer_change_of, form_of_customer, has_more
from controller.pages.settings.organizations.forms import (
    defaults_of,
    form_of_defaults,
    form_of_organization,
    organization_change_of,
)
from controller.pages.settings.sign_on.forms import (
    SPARE_ROWS,
    SignOnForm,
    form_of_sign_on,
    group_rows,
    refused_group,
    sign_on_change_of,
)
from controller.pages.words.roles import ROLES, role_options

_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_ID = UUID("11111111-1111-4111-8111-111111111111")
_OTHER = UUID("22222222-2222-4222-8222-222222222222")


def customer(**fields: Any) -> Customer:
    return Customer(id=1, public_id=_ID, organization_id=1, name="Harbour", created_at=_NOW, updated_at=_NOW, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {
            "email": "office@harbour.example",
            "status": "marked_for_cancellation",
            "package_type": "gold",
            "notification_email": "night@harbour.example",
            "notification_phone_number": "+4930123456",
            "allowed_check_country_codes": ["DE", "FR"],
            "alert_location_threshold_count": 3,
            "monthly_reports_enabled": True,
            "custom_fields": {"contract": "Ä-1", "nested": {"list": [1, None]}},
        },
    ],
)
def test_a_customer_comes_back_as_it_was(fields: dict[str, Any]) -> None:
    stored = customer(**fields)
    change = msgspec.structs.asdict(customer_change_of(form_of_customer(stored)))
    assert change.pop("notification_rules") is msgspec.UNSET, "they have a page of their own"
    assert change == {name: getattr(stored, name) for name in change}


@pytest.mark.parametrize(("fields", "more"), [({"name": "x", "countries": "DE"}, False), ({"package": "gold"}, True)])
def test_more_settings_are_open_when_one_is_filled_in(fields: dict[str, str], more: bool) -> None:
    assert has_more(CustomerForm(**fields)) is more


def test_an_organization_comes_back_as_it_was() -> None:
    stored = Organization(
        id=1,
        public_id=_ID,
        name="Example",
        company_name="Example GmbH",
        city="Berlin",
        billing_email="bills@example.com",
        allowed_check_country_codes=["DE"],
        time_zone="Europe/Berlin",
        created_at=_NOW,
        updated_at=_NOW,
    )
    change = msgspec.structs.asdict(organization_change_of(form_of_organization(stored)))
    sent = {name: value for name, value in change.items() if value is not msgspec.UNSET}
    assert sent == {name: getattr(stored, name) for name in sent}
    assert change.keys() - sent.keys() == {
        "default_notification_channels",
        "default_notification_targets",
        "default_notification_rules",
    }


@pytest.mark.parametrize(
    "stored",
    [
        AccountDefaults(),
        AccountDefaults(interval=5, timeout=20, locations=[2], home_location=2, enabled=False, rotate_locations=True),
    ],
)
def test_defaults_come_back_as_they_were(stored: AccountDefaults) -> None:
    locations = [
        Location(id=number, code=code, name=code, country_code="DE", enabled=True, public_key="k")
        for number, code in ((1, "de-nbg"), (2, "de-fra"))
    ]
    values = stored_defaults(defaults_of(form_of_defaults(stored, locations)), locations)
    assert msgspec.structs.replace(stored, **values) == stored


def sign_on(**fields: Any) -> SignOn:
    usual: dict[str, Any] = {
        "organization_id": 1,
        "issuer": "https://login.example.com",
        "client_id": "mailprobe",
        "config": {"clientSecret": "sealed"},
        "scopes": ["openid", "email"],
        "groups_claim": "realm_access.roles",
        "roles": [
            GroupRole(group="admins", role=Role.ADMIN),
            GroupRole(group="operators", role=Role.READONLY, customers=[_ID, _OTHER]),
        ],
        "default_role": Role.READONLY,
        "create_users": True,
        "allowed_email_domains": ["example.com"],
        "created_at": _NOW,
        "updated_at": _NOW,
    }
    return SignOn(**usual | fields)


@pytest.mark.parametrize("fields", [{}, {"roles": [], "default_role": None, "allowed_email_domains": None}])
def test_single_sign_on_comes_back_as_it_was_with_its_secret_kept(fields: dict[str, Any]) -> None:
    stored = sign_on(**fields)
    change = msgspec.structs.asdict(sign_on_change_of(form_of_sign_on(stored), stored=True))
    assert change.pop("client_secret") is msgspec.UNSET
    assert change == {name: getattr(stored, name) for name in change}


def test_a_row_without_a_group_is_left_out_and_the_others_keep_their_customers() -> None:
    form = SignOnForm(
        issuer="x", client_id="y", group=["", "b"], role=["admin", "user"], limits=[f"0:{_OTHER}", f"1:{_ID}"]
    )
    assert sign_on_change_of(form, stored=False).roles == [GroupRole(group="b", role=Role.USER, customers=[_ID])]


def test_there_are_always_some_empty_rows() -> None:
    assert [row.number for row in group_rows(SignOnForm())] == list(range(SPARE_ROWS))
    rows = group_rows(SignOnForm(group=["a", "", "b", "", ""], role=["user"] * 5))
    assert [row.group for row in rows] == ["a", "", "b", *[""] * SPARE_ROWS]


@pytest.mark.parametrize(
    ("secret", "typed", "stored", "rule"),
    [
        pytest.param(
            "replace", "", True, "must be given to replace the one that is stored", id="nothing to replace it"
        ),
        pytest.param("replace", "é", False, "must be of printable ASCII characters", id="not ASCII"),
        pytest.param("else", "x", True, "must be chosen from the list", id="another choice"),
    ],
)
def test_a_wrong_secret_is_refused_without_being_repeated(secret: str, typed: str, stored: bool, rule: str) -> None:
    form = SignOnForm(issuer="x", client_id="y", secret=secret, client_secret=typed)
    with pytest.raises(InvalidError) as refused:
        sign_on_change_of(form, stored=stored)
    assert [one.rule for one in refused.value.fields] == [rule]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("roles[1].group", ("group", "b: is wrong")),
        ("roles[0].role", ("group", "a: role is wrong")),
        ("roles[7].role", ("roles[7].role", "is wrong")),
        ("issuer", ("issuer", "is wrong")),
    ],
)
def test_a_refused_group_is_called_by_its_name(field: str, expected: tuple[str, str]) -> None:
    named = refused_group(InvalidError(field, "is wrong"), ["a", "b"])
    assert (named.field, named.rule) == expected


def test_every_role_has_a_name_and_a_sentence_and_those_who_may_least_come_first() -> None:
    assert set(ROLES) == set(Role)
    assert [value for value, _, _ in role_options([Role.ADMIN, Role.READONLY])] == ["readonly", "admin"]
    assert all(name and about.endswith(".") for _, name, about in role_options(Role))
