"""Monitors and triggers as Uptimeify's clients read them (docs/compatibility.md, U1, U9, U10 and U16)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from controller.api.compat.uptimeify.made_structs import Number, made_struct
from controller.api.compat.uptimeify.monitors.fields import UptimeifyMonitorAnswer
from controller.http.timestamps import Timestamp, timestamp
from controller.model import Customer


class ListedMonitor(UptimeifyMonitorAnswer, frozen=True, kw_only=True, rename="camel"):
    customer_name: str


class EmbeddedCustomer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The customer inside a monitor. The customer routes take its `publicId`."""

    id: int
    public_id: UUID
    organization_id: int
    name: str
    email: str | None
    allowed_check_country_codes: list[str] | None
    custom_fields: dict[str, Any] | None
    alert_location_threshold_count: int | None
    created_at: Timestamp
    updated_at: Timestamp


def answers_of(
    stem: str, config_field: str, *, embeds_customer: bool
) -> tuple[type[UptimeifyMonitorAnswer], type[UptimeifyMonitorAnswer]]:
    """The monitor as a group of routes answers it to the caller who wrote it, and to those who read it."""
    own = {} if config_field == "config" else {config_field: dict[str, Any]}
    equal = f"`config` and `{config_field}` are equal, with secrets in clear" if own else "secrets are in clear"
    doc = (
        f"The answer to the caller who created or changed the monitor: {equal}. `warnings` say that no location may"
        " check it, and why an alert may not arrive at its address."
    )
    written = made_struct(f"{stem}MonitorAnswer", UptimeifyMonitorAnswer, {**own, "warnings": list[str]}, doc=doc)
    customer: dict[str, Any] = {"customer": EmbeddedCustomer} if embeds_customer else {"customer_name": str}
    doc = "A monitor as it is read: secrets are ********."
    return written, made_struct(f"{stem}MonitorDetail", written, customer, doc=doc)


class UptimeifyMonitorPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    items: list[ListedMonitor]
    total: int
    page: int
    per_page: int


class TriggerAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """`warnings` say why the checks may find nothing out; there is no such field without any."""

    success: bool
    message: str
    location_codes: list[str]
    queue_names: list[str]
    warnings: list[str] = []


def trigger_answer_of(stem: str, number: str) -> type[TriggerAnswer]:
    return made_struct(f"{stem}TriggerAnswer", TriggerAnswer, {number: Number})


class DeleteAnswer(msgspec.Struct, frozen=True, kw_only=True):
    success: bool


def embedded_customer(customer: Customer) -> EmbeddedCustomer:
    return EmbeddedCustomer(
        id=customer.id,
        public_id=customer.public_id,
        organization_id=customer.organization_id,
        name=customer.name,
        email=customer.email,
        allowed_check_country_codes=customer.allowed_check_country_codes,
        custom_fields=customer.custom_fields,
        alert_location_threshold_count=customer.alert_location_threshold_count,
        created_at=timestamp(customer.created_at),
        updated_at=timestamp(customer.updated_at),
    )
