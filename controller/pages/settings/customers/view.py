"""What the pages of customers show. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from controller.model import Customer
from controller.model.values.countries import country_name
from controller.pages.settings.customers.forms import STATUS_OPTIONS
from controller.pages.shell.versions import BOX, differing, problems_of_conflict

DONE = {
    "added": "The customer was added. It has no monitor yet.",
    "saved": "The changes were saved.",
}
_STATUS = dict(STATUS_OPTIONS)


class CustomerRow(msgspec.Struct, frozen=True, kw_only=True):
    """A customer. `countries` are names, None is as the organization says."""

    id: str
    name: str
    status: str
    leaving: bool
    monitors: int
    notified: list[str]
    countries: list[str] | None


class CustomersView(msgspec.Struct, frozen=True, kw_only=True):
    rows: list[CustomerRow]
    text: str
    following: str | None
    done: str


class CustomerFormView(msgspec.Struct, frozen=True, kw_only=True):
    """A new customer. `more` opens the fields that few customers need."""

    form: dict[str, Any]
    problems: dict[str, str]
    statuses: list[tuple[str, str]]
    more: bool
    done: str = ""


class CustomerView(msgspec.Struct, frozen=True, kw_only=True):
    """A customer that exists; the form is for those who may change it."""

    row: CustomerRow
    customer: Customer
    sms: int
    form: dict[str, Any]
    problems: dict[str, str]
    statuses: list[tuple[str, str]]
    more: bool
    created_at: datetime
    cancelled_at: datetime | None
    done: str


def customer_row(customer: Customer, monitors: int) -> CustomerRow:
    codes = customer.allowed_check_country_codes
    return CustomerRow(
        id=str(customer.public_id),
        name=customer.name,
        status=_STATUS.get(customer.status, customer.status),
        leaving=customer.cancelled_at is not None,
        monitors=monitors,
        notified=[one for one in (customer.notification_email, customer.notification_phone_number) if one],
        countries=None if codes is None else [country_name(code) for code in codes],
    )


def changed_meanwhile(typed: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, str]:
    """What to show beside the fields of a customer that somebody else changed since its form was drawn."""
    shown = {name: value for name, value in stored.items() if name != "version"}
    return problems_of_conflict("this customer", differing(typed, shown), shown, {"status": _STATUS, "reports": BOX})
