"""The body of a webhook: Mailprobe's JSON document, or the channel's own template with its placeholders filled in.

The document has the members of Uptimeify's (`event`, `incident`, `website`, `customer`), so that receivers made for
Uptimeify understand it, and besides the mail monitor in full.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from controller.notify.message import server, servers
from controller.notify.notice import IncidentNotice, Notice
from controller.notify.sending import Sending
from shared.epoch import to_text

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_EVENTS = {"opened": "incident.created", "resolved": "incident.resolved"}


def event_of(notice: Notice) -> str:
    """The value of the header X-Webhook-Event."""
    return "recovery" if notice.over else "alert"


def content_type_of(config: dict[str, Any]) -> str:
    template = config.get("bodyTemplate")
    if not template or not isinstance(template, str) or _is_json(template):
        return "application/json"
    return "text/plain; charset=utf-8"


def body_of(sending: Sending) -> bytes:
    template = sending.config.get("bodyTemplate")
    if isinstance(template, dict | list):
        template = json.dumps(template, ensure_ascii=False)
    if isinstance(template, str) and template:
        return filled(template, values_of(sending)).encode()
    return msgspec.json.encode(_document(sending))


def filled(template: str, values: dict[str, str]) -> str:
    """The template with each `{{name}}` replaced. Values are escaped in JSON; an unknown name becomes empty text."""
    in_json = _is_json(template)

    def value(placeholder: re.Match[str]) -> str:
        text = values.get(placeholder[1], "")
        return json.dumps(text, ensure_ascii=False)[1:-1] if in_json else text

    return _PLACEHOLDER.sub(value, template)


def values_of(sending: Sending) -> dict[str, str]:
    """The names that Uptimeify documents, and more names for what only a mail monitor has."""
    notice, message = sending.notice, sending.message
    values = {
        "status": "up" if notice.over else "down",
        "subject": message.subject,
        "text": message.text,
        "deliveryKey": str(sending.key),
        "url": message.link or "",
        "ackUrl": message.ack_link or "",
    }
    if not isinstance(notice, IncidentNotice):
        return values | {"websiteName": notice.title, "errorMessage": " ".join(notice.paragraphs)}
    return values | {
        "websiteName": notice.monitor.name,
        "websiteUrl": _url(notice),
        "startedAt": _iso(notice.started_at),
        "incident": str(notice.incident_public_id),
        "errorMessage": notice.reason,
        "monitorId": str(notice.monitor.public_id),
        "monitorName": notice.monitor.name,
        "server": server(notice),
        "hostname": notice.monitor.hostname,
        "kind": notice.monitor.kind,
        "change": notice.change,
        "severity": notice.severity,
        "reason": notice.reason,
        "customerName": notice.customer.name,
        "outageStartedAt": _iso(notice.outage_started_at),
        "resolvedAt": _iso(notice.resolved_at),
        "maintenance": notice.maintenance_text,
    }


def _document(sending: Sending) -> dict[str, Any]:
    links = {"url": sending.message.link, "ackUrl": sending.message.ack_link}
    return _facts(sending) | {name: link for name, link in links.items() if link}


def _facts(sending: Sending) -> dict[str, Any]:
    notice = sending.notice
    if not isinstance(notice, IncidentNotice):
        return {
            "event": "notice",
            "deliveryKey": sending.key,
            "title": notice.title,
            "text": "\n\n".join(notice.paragraphs),
            "over": notice.over,
            "subjectId": notice.subject_id,
            "at": _iso(notice.at),
        }
    return {
        "event": _EVENTS.get(notice.change, "incident.updated"),
        "deliveryKey": sending.key,
        "change": notice.change,
        "incident": {
            "id": notice.incident_id,
            "publicId": notice.incident_public_id,
            "type": "down",
            "status": "resolved" if notice.over else "open",
            "severity": notice.severity,
            "started_at": _iso(notice.started_at),
            "outage_started_at": _iso(notice.outage_started_at),
            "resolved_at": _iso(notice.resolved_at) or None,
            "error_message": notice.reason,
            "maintenance": notice.maintenance,
        },
        "monitor": notice.monitor,
        "website": {"id": notice.monitor.id, "name": notice.monitor.name, "url": _url(notice)},
        "customer": notice.customer,
        "evidence": notice.evidence,
        **({"acknowledgement": notice.acknowledgement} if notice.acknowledgement else {}),
    }


def _url(notice: IncidentNotice) -> str:
    """For example "smtp://mail.example.com:25"."""
    return f"{notice.monitor.kind}://{servers(notice)[0]}"


def _iso(at: Any) -> str:
    return to_text(at) if at else ""


def _is_json(template: str) -> bool:
    return template.lstrip().startswith(("{", "[")) and not template.lstrip().startswith("{{")
