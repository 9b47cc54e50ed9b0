"""The bodies of AlertSite's routes as documents. They are taken in as they are, to tell all mistakes at once."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeVar

import msgspec
from litestar.exceptions import HTTPException
from msgspec import UNSET, Meta, UnsetType

from controller.api.compat.alertsite.monitors import fields
from controller.api.compat.alertsite.monitors.values import LONGEST_ALERT_NOTE, LONGEST_NOTE
from controller.api.http.bodies import JsonBody
from controller.kinds.imap_pop import StartTls
from controller.model import Mode

T = TypeVar("T", bound=msgspec.Struct)


class StrictJsonBody(JsonBody[T]):
    """A JSON body that says so: these routes require the Content-Type (reference, section 2)."""

    def decode_bytes(self, value: bytes) -> T:
        """Raises InvalidError, HTTPException 415."""
        if not self.asgi_connection.headers.get("content-type"):
            raise HTTPException(status_code=415)
        return super().decode_bytes(value)


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """The e-mail address and the password a person logs in with."""

    username: Annotated[str, Meta(examples=["admin@example.com"])]
    password: str


def _text(about: str, **schema: Any) -> Meta:
    return Meta(description=about, extra_json_schema={"type": "string", **schema})


def _number(about: str, least: int, most: int) -> Meta:
    digits = {"type": "string", "pattern": "^[0-9]{1,18}$"}
    number = {"type": "integer", "minimum": least, "maximum": most}
    return Meta(description=f"{about} Numbers may come as strings.", extra_json_schema={"anyOf": [number, digits]})


def _flag(about: str) -> Meta:
    return Meta(description=about, extra_json_schema={"type": "boolean"})


_LOCATIONS = Meta(
    description="Where to check from; an empty list is every location.",
    examples=[[{"id": 1}]],
    extra_json_schema={
        "type": ["array", "null"],
        "items": {"type": "object", "properties": {"id": {"type": ["integer", "string"]}}, "required": ["id"]},
    },
)


class DefaultsBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a new monitor takes where its maker says nothing. What is left out stays as it is."""

    interval: Annotated[Any, _number("Minutes between rounds.", 1, fields.LONGEST_INTERVAL_MINUTES)] | UnsetType = UNSET
    timeout: (
        Annotated[Any, _number("Seconds for a check, less than the interval.", 1, fields.LONGEST_TIMEOUT_SECONDS)]
        | UnsetType
    ) = UNSET
    enabled: Annotated[Any, _flag("Whether it is checked.")] | UnsetType = UNSET
    resolve_dns: Annotated[Any, _flag("Look hostname up; otherwise ipv4 is connected to.")] | UnsetType = UNSET
    locations: Annotated[Any, _LOCATIONS] | UnsetType = UNSET
    home_location: (
        Annotated[
            Any,
            Meta(
                description="The number of the primary location, which is always among those asked.",
                extra_json_schema={"type": ["integer", "string", "null"]},
            ),
        ]
        | UnsetType
    ) = UNSET
    mode: Annotated[Any, _text("Which locations a round asks, and who must agree.", enum=list(Mode))] | UnsetType = (
        UNSET
    )
    rotate_locations: (
        Annotated[Any, _flag("Ask monitor_location_count of the locations in turn, not all.")] | UnsetType
    ) = UNSET
    monitor_location_count: (
        Annotated[Any, _number("How many locations a round asks.", 1, fields.MOST_LOCATIONS_AT_ONCE)] | UnsetType
    ) = UNSET
    retry_on_failure: Annotated[Any, _flag("After a failure, check once more from the same location.")] | UnsetType = (
        UNSET
    )
    notify_on_error: Annotated[Any, _flag("Whether anybody is told.")] | UnsetType = UNSET
    traceroute_on_error: Annotated[Any, _flag("Kept and returned; changes nothing.")] | UnsetType = UNSET
    allow_internal_testing: Annotated[Any, _flag("Kept and returned; changes nothing.")] | UnsetType = UNSET


class MonitorBody(DefaultsBody, frozen=True, kw_only=True):
    """An e-mail server monitor; billing_plancode, name and hostname are required on create. Unknown fields and those
    that are only read are ignored. user, password, starttls, verify_certificate and customer_id are ours.
    """

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
                description="A host, perhaps with port and the protocol's scheme, as smtps://host:465 (TLS at once).",
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
                description="1 to 65535; wins over one in hostname. Empty or null: the protocol's own.",
                extra_json_schema={"type": ["integer", "string", "null"]},
            ),
        ]
        | UnsetType
    ) = UNSET
    ipv4: (
        Annotated[Any, Meta(description="Used without resolve_dns.", extra_json_schema={"type": ["string", "null"]})]
        | UnsetType
    ) = UNSET
    alert_note: Annotated[Any, _text(f"Cut off at {LONGEST_ALERT_NOTE} characters, not refused.")] | UnsetType = UNSET
    note: Annotated[Any, _text("For the dashboard.", maxLength=LONGEST_NOTE)] | UnsetType = UNSET
    custom_properties: (
        Annotated[
            Any,
            Meta(
                description="Those without a value are left out.",
                extra_json_schema={"type": ["array", "null"], "items": {"type": "object"}},
            ),
        ]
        | UnsetType
    ) = UNSET
    user: Annotated[Any, _text("With password: log in.")] | UnsetType = UNSET
    password: Annotated[Any, _text("Never shown; ******** keeps the stored one.")] | UnsetType = UNSET
    starttls: Annotated[Any, _text("Without a scheme that is encrypted at once.", enum=list(StartTls))] | UnsetType = (
        UNSET
    )
    verify_certificate: Annotated[Any, _flag("Whether a bad certificate is a failure.")] | UnsetType = UNSET


class NewMonitorBody(MonitorBody, frozen=True, kw_only=True):
    """A monitor to create; see the fields of a change."""

    REQUIRED: ClassVar[tuple[str, ...]] = fields.REQUIRED

    customer_id: (
        Annotated[
            Any,
            Meta(
                description="Number or UUID of the customer it belongs to; the organization's first when not given.",
                extra_json_schema={"type": ["integer", "string"]},
            ),
        ]
        | UnsetType
    ) = UNSET


def sent(body: msgspec.Struct) -> dict[str, Any]:
    """The fields that were sent, as they were sent."""
    return {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}
