"""The form of a customer, and the change that it stands for. Pure."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from controller.decisions.breaches import Breaches
from controller.errors import InvalidError
from controller.model import Customer
from controller.operations.accounts.customers import STATUSES, CustomerChange

NAMES = {
    "packageType": "package",
    "notificationEmail": "notification_email",
    "notificationPhoneNumber": "notification_phone",
    "allowedCheckCountryCodes": "countries",
    "alertLocationThresholdCount": "threshold",
    "customFields": "custom_fields",
}
"""The form's names of fields that operations name otherwise."""

STATUS_OPTIONS = list(zip(STATUSES, ("active", "marked for cancellation"), strict=True))


class CustomerForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: texts. `countries` are codes with spaces or commas between them."""

    name: str = ""
    email: str = ""
    status: str = STATUSES[0]
    package: str = ""
    notification_email: str = ""
    notification_phone: str = ""
    countries: str = ""
    threshold: str = ""
    reports: str = ""
    custom_fields: str = ""
    version: str = ""


FIELDS = frozenset(CustomerForm.__struct_fields__)
MORE = frozenset({"email", "status", "package", "threshold", "reports", "custom_fields"})
"""Fields that few customers need."""


def form_of_customer(customer: Customer) -> CustomerForm:
    """The form as the customer fills it in."""
    count, fields = customer.alert_location_threshold_count, customer.custom_fields
    return CustomerForm(
        name=customer.name,
        email=customer.email or "",
        status=customer.status,
        package=customer.package_type or "",
        notification_email=customer.notification_email or "",
        notification_phone=customer.notification_phone_number or "",
        countries=" ".join(customer.allowed_check_country_codes or ()),
        threshold="" if count is None else str(count),
        reports="on" if customer.monthly_reports_enabled else "",
        custom_fields=json.dumps(fields, ensure_ascii=False, indent=2) if fields else "",
    )


def has_more(form: CustomerForm) -> bool:
    """Whether a field that few customers need is filled in."""
    usual = CustomerForm()
    return any(getattr(form, name) != getattr(usual, name) for name in MORE)


def codes_of(text: str) -> list[str] | None:
    """Country codes with spaces, commas or lines between them; None for none."""
    return text.replace(",", " ").split() or None


def customer_change_of(form: CustomerForm) -> CustomerChange:
    """Raises InvalidFieldsError for what is no number or no JSON; the other rules are the operation's."""
    found = Breaches()
    count: int | None = None
    fields: dict[str, Any] | None = None
    with found.noted():
        count = _number(form.threshold)
    with found.noted():
        fields = _object(form.custom_fields)
    found.refuse(every=True)
    return CustomerChange(
        name=form.name.strip(),
        email=form.email.strip() or None,
        status=form.status,
        package_type=form.package.strip() or None,
        notification_email=form.notification_email.strip() or None,
        notification_phone_number="".join(form.notification_phone.split()) or None,
        allowed_check_country_codes=codes_of(form.countries),
        alert_location_threshold_count=count,
        monthly_reports_enabled=form.reports == "on",
        custom_fields=fields,
    )


def _number(text: str) -> int | None:
    text = text.strip()
    if text and not (text.isdecimal() and text.isascii() and len(text) < 10):
        raise InvalidError("threshold", "must be a number, or empty")
    return int(text) if text else None


def _object(text: str) -> dict[str, Any] | None:
    if not text.strip():
        return None
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidError("custom_fields", 'must be a JSON object, such as {"contract": "A-1"}, or empty')
    return found
