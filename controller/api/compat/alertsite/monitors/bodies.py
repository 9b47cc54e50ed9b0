"""The bodies that create and change monitors."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.alertsite.account_defaults.bodies import DefaultsBody
from controller.api.compat.alertsite.bodies import flag_field, text_field
from controller.api.compat.alertsite.monitors import fields
from controller.api.compat.alertsite.values import LONGEST_ALERT_NOTE, LONGEST_NOTE
from controller.kinds.imap_pop import StartTls


class MonitorBody(DefaultsBody, frozen=True, kw_only=True):
    """An e-mail server monitor; billing_plancode, name and hostname are required on create. Fields that are unknown or
    read-only are ignored. user, password, starttls, verify_certificate and customer_id are additions of Mailprobe.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "mode": "Primary",
        "interval": 10,
        "timeout": 60,
        "note": "Moved to the new rack",
    }

    billing_plancode: Annotated[Any, Meta(examples=["UBM - A/A"], extra_json_schema={"type": "string"})] | UnsetType = (
        UNSET
    )
    name: Annotated[Any, Meta(examples=["Email Sample Monitor"], extra_json_schema={"type": "string"})] | UnsetType = (
        UNSET
    )
    hostname: (
        Annotated[
            Any,
            Meta(
                description="A host, also with scheme and port, as in smtps://host:465 (TLS from the first byte).",
                examples=["smtp.mycompany.com"],
                extra_json_schema={"type": "string"},
            ),
        ]
        | UnsetType
    ) = UNSET
    port: (
        Annotated[
            Any,
            Meta(
                description="1 to 65535; wins over a port in hostname. Empty or null: the protocol's own port.",
                extra_json_schema={"type": ["integer", "string", "null"]},
            ),
        ]
        | UnsetType
    ) = UNSET
    ipv4: (
        Annotated[
            Any,
            Meta(
                description="The address to connect to when resolve_dns is false.",
                extra_json_schema={"type": ["string", "null"]},
            ),
        ]
        | UnsetType
    ) = UNSET
    alert_note: (
        Annotated[Any, text_field(f"A longer text is cut off at {LONGEST_ALERT_NOTE} characters, not refused.")]
        | UnsetType
    ) = UNSET
    note: Annotated[Any, text_field("A note for people.", maxLength=LONGEST_NOTE)] | UnsetType = UNSET
    custom_properties: (
        Annotated[
            Any,
            Meta(
                description="A property without a value is shown no more, but keeps its label.",
                extra_json_schema={"type": ["array", "null"], "items": {"type": "object"}},
            ),
        ]
        | UnsetType
    ) = UNSET
    user: Annotated[Any, text_field("The user to log in with; needs password.")] | UnsetType = UNSET
    password: Annotated[Any, text_field("Never shown; ******** keeps the stored password.")] | UnsetType = UNSET
    starttls: (
        Annotated[
            Any,
            text_field(
                "When STARTTLS is used, if hostname has no scheme with TLS from the first byte.", enum=list(StartTls)
            ),
        ]
        | UnsetType
    ) = UNSET
    verify_certificate: (
        Annotated[Any, flag_field("Whether a certificate that is not valid is a failure.")] | UnsetType
    ) = UNSET


class AlertSiteNewMonitor(MonitorBody, frozen=True, kw_only=True):
    """A monitor to create; its other fields are those of a change."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "billing_plancode": "UBM - A/A",
        "name": "Email Sample Monitor",
        "hostname": "mail.example.com",
        "interval": 15,
        "timeout": 30,
        "customer_id": "11111111-1111-4111-8111-111111111111",
    }

    REQUIRED: ClassVar[tuple[str, ...]] = fields.REQUIRED

    customer_id: (
        Annotated[
            Any,
            Meta(
                description="The number or UUID of the monitor's customer; the organization's first when not given.",
                extra_json_schema={"type": ["integer", "string"]},
            ),
        ]
        | UnsetType
    ) = UNSET
