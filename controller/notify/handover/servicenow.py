"""ServiceNow, Event Management: events with one `message_key` become one alert, which severity 0 clears.

Events are used, and not the table of its incidents, because one request says all, a repeated one changes nothing, and
no instance has rules of its own for closing. It has no way to acknowledge from outside.
"""

from __future__ import annotations

import msgspec

from controller.notify.handover.alert import AlertStep, HandedAlert, Urgency
from controller.notify.handover.config_values import Config, basic, post, required, url_of
from controller.notify.webhook.sender import Request

_PATH = "/api/now/table/em_event"
_CLEAR = "0"
_SEVERITIES = {Urgency.CRITICAL: "1", Urgency.WARNING: "3", Urgency.INFO: "5"}
_LONGEST_TEXT = 4000


def request(config: Config, alert: HandedAlert) -> Request | None:
    """None where there is nothing to say. Raises InvalidError."""
    url = url_of(config, "url").removesuffix(_PATH)
    user = required(config, "user", "a user with the role evt_mgmt_integration")
    password = required(config, "password", "the password of that user")
    if alert.step is AlertStep.ACKNOWLEDGE:
        return None
    more = {"title": alert.title, "customer": alert.customer, "url": alert.link}
    body = {
        "source": "Mailprobe",
        "event_class": "Mailprobe",
        "node": alert.host,
        "resource": alert.subject,
        "type": "Mail service",
        "message_key": alert.key,
        "severity": _CLEAR if alert.step is AlertStep.RESOLVE else _SEVERITIES[alert.severity],
        "description": f"{alert.title}\n\n{alert.text}"[:_LONGEST_TEXT],
        "time_of_event": f"{alert.at:%Y-%m-%d %H:%M:%S}",
        "additional_info": msgspec.json.encode({name: value for name, value in more.items() if value}).decode(),
    }
    return post(
        url + _PATH, {name: value for name, value in body.items() if value}, Authorization=basic(user, password)
    )
