"""The forms of an organization, and the changes that they stand for. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec

from controller.decisions.breaches import Breaches
from controller.decisions.monitors.defaults import AccountDefaults
from controller.errors import InvalidError
from controller.model import Location, Mode, Organization
from controller.operations.accounts.organizations import OrganizationChange
from controller.operations.accounts.retention import OrganizationRetention, RetentionChange
from controller.operations.accounts.settings import OrganizationSettings
from controller.pages.settings.customers.forms import codes_of

_MINUTE = 60


ORGANIZATION, DEFAULTS, RETENTION = "organization", "defaults", "retention"
"""The forms of the page."""

NAMES = {
    "companyName": "company_name",
    "postalCode": "postal_code",
    "vatId": "vat_id",
    "billingEmail": "billing_email",
    "allowedCheckCountryCodes": "countries",
    "timeZone": "time_zone",
    "keepResultsDays": "results_days",
    "keepRollupsMonths": "rollups_months",
    "monitor_location_count": "locations_per_round",
    "mode": "policy_preset",
    "defaults.locations": "locations",
    "defaults.homeLocation": "home_location",
}
"""The forms' names of fields that operations name otherwise."""


class OrganizationDataForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted: texts. `countries` are codes with spaces or commas between them."""

    name: str = ""
    countries: str = ""
    time_zone: str = "UTC"
    company_name: str = ""
    street: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""
    vat_id: str = ""
    billing_email: str = ""
    version: str = ""


class DefaultsForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted. `interval` is minutes; boxes are "on" or empty."""

    interval: str = ""
    timeout: str = ""
    locations: list[str] = []
    home_location: str = ""
    policy_preset: str = ""
    locations_per_round: str = ""
    enabled: str = ""
    resolve_dns: str = ""
    rotate_locations: str = ""
    retry_on_failure: str = ""
    notify_on_error: str = ""
    version: str = ""


class RetentionForm(msgspec.Struct, frozen=True, kw_only=True):
    """As submitted; empty is as long as the installation keeps it. `confirmed` comes from the page that says what will
    be removed.
    """

    results_days: str = ""
    rollups_months: str = ""
    confirmed: str = ""
    version: str = ""


BOXES = ("enabled", "resolve_dns", "rotate_locations", "retry_on_failure", "notify_on_error")


OrganizationForm: TypeAlias = OrganizationDataForm | DefaultsForm | RetentionForm


def stored_forms(found: OrganizationSettings, locations: Sequence[Location]) -> dict[str, OrganizationForm]:
    """The forms of the page by their names, as the settings fill them in."""
    return {
        ORGANIZATION: form_of_organization(found.retention.organization),
        DEFAULTS: form_of_defaults(found.defaults, locations),
        RETENTION: form_of_retention(found.retention),
    }


def form_of_organization(organization: Organization) -> OrganizationDataForm:
    texts = {name: getattr(organization, name, None) or "" for name in OrganizationDataForm.__struct_fields__}
    return OrganizationDataForm(**texts | {"countries": " ".join(organization.allowed_check_country_codes or ())})


def organization_change_of(form: OrganizationDataForm) -> OrganizationChange:
    values: dict[str, Any] = {
        name: text.strip() or None
        for name, text in msgspec.structs.asdict(form).items()
        if name not in {"name", "countries", "time_zone", "version"}
    }
    return OrganizationChange(
        name=form.name,
        time_zone=form.time_zone.strip(),
        allowed_check_country_codes=codes_of(form.countries),
        **values,
    )


def form_of_defaults(defaults: AccountDefaults, locations: Sequence[Location]) -> DefaultsForm:
    codes = {location.id: location.code for location in locations}
    return DefaultsForm(
        interval=str(defaults.interval),
        timeout=str(defaults.timeout),
        locations=[codes[number] for number in defaults.locations or () if number in codes],
        home_location=codes.get(defaults.home_location or 0, ""),
        policy_preset=defaults.mode.value,
        locations_per_round=str(defaults.monitor_location_count),
        **{name: "on" if getattr(defaults, name) else "" for name in BOXES},
    )


def defaults_of(form: DefaultsForm) -> dict[str, Any]:
    """The fields of `stored_defaults`. Raises InvalidFieldsError for what is no number; other rules are the
    operation's.
    """
    found, numbers = Breaches(), dict.fromkeys(("interval", "timeout", "locations_per_round"), 0)
    for name in numbers:
        with found.noted():
            numbers[name] = _given(getattr(form, name), name)
    with found.noted():
        if form.policy_preset not in set(Mode):
            raise InvalidError("policy_preset", "must be chosen from the list")
    found.refuse(every=True)
    return {
        **numbers,
        "interval": numbers["interval"] * _MINUTE,
        "locations": form.locations,
        "home_location": form.home_location or None,
        "policy_preset": form.policy_preset,
        **{name: getattr(form, name) == "on" for name in BOXES},
    }


def form_of_retention(retention: OrganizationRetention) -> RetentionForm:
    chosen = retention.chosen
    return RetentionForm(
        results_days="" if chosen.results_days is None else str(chosen.results_days),
        rollups_months="" if chosen.rollups_months is None else str(chosen.rollups_months),
    )


def retention_change_of(form: RetentionForm) -> RetentionChange:
    """Raises InvalidFieldsError."""
    found, values = Breaches(), dict[str, int | None]()
    for name in ("results_days", "rollups_months"):
        with found.noted():
            values[name] = _given(getattr(form, name), name) if getattr(form, name).strip() else None
    found.refuse(every=True)
    return RetentionChange(**values)


def _given(text: str, field: str) -> int:
    text = text.strip()
    if not (text.isdecimal() and text.isascii() and len(text) < 10):
        raise InvalidError(field, "must be a whole number")
    return int(text)
