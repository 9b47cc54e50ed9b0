"""AlertSite's methods of alerting, by number, as types of notification channels and their configs."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from controller.errors import InvalidError
from controller.model import Channel
from controller.notify.addresses import email_addresses, phone_numbers
from controller.notify.registry import CHANNELS

DEFAULT_METHOD = 12
METHODS = {
    1: "E-mail (text)",
    2: "Alphanumeric pager",
    3: "Numeric pager",
    4: "E-mail to wireless",
    5: "Numeric pager",
    6: "SMS",
    8: "SNMP v1 trap",
    9: "SNMP v2c trap",
    10: "POST to web server",
    11: "Telephone",
    12: "E-mail (HTML)",
    14: "PagerDuty",
    15: "Splunk",
    16: "JSON POST",
    17: "ServiceNow",
}
_TYPES = {1: "email", 12: "email", 6: "sms", 10: "webhook", 16: "webhook", 14: "pagerduty", 17: "servicenow"}
_METHOD_OF = {"email": 12, "sms": 6, "webhook": 16, "pagerduty": 14, "servicenow": 17}
_POST, _PAGERDUTY = 10, 14
_OFFERED = "1 and 12 (e-mail), 6 (SMS), 10 (POST to web server), 16 (JSON POST)"

_ALERT_FIELDS = {
    "custid": "{{customerNumber}}",
    "company": "{{organization}}",
    "device_id": "{{monitorNumber}}",
    "device_name": "{{monitorName}}",
    "device_type": "{{kind}}",
    "device_typecode": "",
    "errcount": "{{errorCount}}",
    "http_status": "",
    "location": "{{location}}",
    "location_num": "",
    "notify_type": "{{change}}",
    "timestamp": "{{at}}",
    "status": "{{status}}",
    "status_text": "{{errorMessage}}",
    "url": "{{websiteUrl}}",
}
"""The fields that AlertSite documents for alerts that are posted; errcount is 0 when the error ends. Its codes for
types of mail monitors are not documented, so device_typecode is empty.
"""


def type_of(method: int) -> str:
    """The type of channel of a new recipient. Raises InvalidError for what is not offered."""
    if method == _PAGERDUTY:
        raise InvalidError("method_id", "must not be 14: PagerDuty recipients cannot be created by API")
    type_ = _TYPES.get(method)
    if type_ is None or type_ not in CHANNELS:
        offered = f"{_OFFERED} and 17 (ServiceNow)" if "servicenow" in CHANNELS else _OFFERED
        name = METHODS.get(method)
        raise InvalidError("method_id", f"must be {offered}" + (f": {name} is not offered" if name else ""))
    return type_


def method_of(channel: Channel) -> int | None:
    """The number that the recipient was made with; None for a type of channel that AlertSite does not have."""
    stored = (channel.recipient or {}).get("method_id")
    return stored if isinstance(stored, int) else _METHOD_OF.get(channel.type)


def config_of(method: int, recipient: str | None, username: str | None, password: str | None) -> dict[str, Any]:
    """What is merged into the channel's config; None is left as it is."""
    match _TYPES[method]:
        case "email":
            return {} if recipient is None else {"email": recipient, "to": None}
        case "sms":
            return {} if recipient is None else {"phoneNumber": recipient}
        case "webhook":
            config: dict[str, Any] = {
                "method": "POST",
                "bodyTemplate": json.dumps(_ALERT_FIELDS),
                "bodyFormat": "form" if method == _POST else None,
            }
            config |= {} if recipient is None else {"url": recipient}
            if password is not None:
                config["headers"] = {"Authorization": _basic(username or "", password)}
            return config
        case _:
            config = {} if recipient is None else {"url": recipient}
            config |= {} if username is None else {"user": username}
            return config | ({} if password is None else {"password": password})


def recipient_of(channel: Channel, config: Mapping[str, Any]) -> str:
    """The address of a recipient, as its config is shown to the caller; its name where the address is a secret."""
    match channel.type:
        case "email":
            return ", ".join(email_addresses(config))
        case "sms":
            return ", ".join(phone_numbers(config))
        case _:
            url = config.get("url")
            return url if isinstance(url, str) else channel.name


def _basic(username: str, password: str) -> str:
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"
