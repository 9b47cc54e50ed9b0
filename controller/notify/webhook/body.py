"""The body of a webhook: Mailprobe's JSON document, or the channel's own template with its placeholders filled in.

The document has the members of Uptimeify's (`event`, `incident`, `website`, `customer`), so that receivers made for
Uptimeify understand it, and besides the mail monitor in full.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

import msgspec

from controller.notify.digest_notice import DigestNotice
from controller.notify.notice import GroupNotice, IncidentNotice, Notice, NoticeMonitor, PlainNotice
from controller.notify.report_notice import ReportNotice
from controller.notify.sending import Sending
from controller.notify.words import server, servers
from shared.epoch import to_text

FORM = "form"
"""The `bodyFormat` of a channel whose template is a JSON object of texts, to be sent as the fields of a form."""

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_EVENTS = {"opened": "incident.created", "resolved": "incident.resolved"}


def event_of(notice: Notice) -> str:
    """The value of the header X-Webhook-Event."""
    return "recovery" if notice.over else "alert"


def content_type_of(config: dict[str, Any]) -> str:
    template = config.get("bodyTemplate")
    if config.get("bodyFormat") == FORM:
        return "application/x-www-form-urlencoded"
    if not template or not isinstance(template, str) or _is_json(template):
        return "application/json"
    return "text/plain; charset=utf-8"


def body_of(sending: Sending) -> bytes:
    template = sending.config.get("bodyTemplate")
    if isinstance(template, dict | list):
        template = json.dumps(template, ensure_ascii=False)
    if isinstance(template, str) and template:
        text = filled(template, values_of(sending))
        if sending.config.get("bodyFormat") == FORM:
            return urlencode(json.loads(text)).encode()
        return text.encode()
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
        "at": _iso(notice.at),
        "errorCount": "0" if notice.over else "1",
        "url": message.link or "",
        "ackUrl": message.ack_link or "",
    }
    match notice:
        case PlainNotice() | DigestNotice() | ReportNotice():
            return values | {"websiteName": notice.title, "errorMessage": " ".join(notice.paragraphs)}
        case GroupNotice():
            return values | _group_values(notice)
        case _:
            return values | _incident_values(notice)


def _incident_values(notice: IncidentNotice) -> dict[str, str]:
    return {
        "websiteName": notice.monitor.name,
        "websiteUrl": _url(notice.monitor),
        "startedAt": _iso(notice.started_at),
        "incident": str(notice.incident_public_id),
        "errorMessage": notice.reason,
        "monitorId": str(notice.monitor.public_id),
        "monitorName": notice.monitor.name,
        "server": server(notice.monitor),
        "hostname": notice.monitor.hostname,
        "kind": notice.monitor.kind,
        "change": notice.change,
        "severity": notice.severity,
        "reason": notice.reason,
        "customerName": notice.customer.name,
        "customerNumber": str(notice.customer.id),
        "monitorNumber": str(notice.monitor.id),
        "organization": notice.organization,
        "location": next((one.location for one in notice.evidence if one.failure), ""),
        "outageStartedAt": _iso(notice.outage_started_at),
        "resolvedAt": _iso(notice.resolved_at),
        "maintenance": notice.maintenance_text,
    }


def _group_values(notice: GroupNotice) -> dict[str, str]:
    """The names of a group's monitors stand for that of one."""
    names = ", ".join(member.monitor.name for member in notice.members)
    return {
        "websiteName": names,
        "errorMessage": notice.cause,
        "startedAt": _iso(notice.opened_at),
        "group": str(notice.group_public_id),
        "monitorName": names,
        "reason": notice.cause,
        "number": str(notice.number),
        "stillOpen": str(notice.still_open),
    }


def _document(sending: Sending) -> dict[str, Any]:
    links = {"url": sending.message.link, "ackUrl": sending.message.ack_link}
    return _facts(sending) | {name: link for name, link in links.items() if link}


def _facts(sending: Sending) -> dict[str, Any]:
    match sending.notice:
        case (PlainNotice() | DigestNotice() | ReportNotice()) as notice:
            return {
                "event": "notice",
                "deliveryKey": sending.key,
                "title": notice.title,
                "text": "\n\n".join(notice.paragraphs),
                "over": notice.over,
                "subjectId": notice.subject_id,
                "at": _iso(notice.at),
            }
        case GroupNotice() as notice:
            return _group_facts(notice, sending)
        case notice:
            return _incident_facts(notice, sending)


def _group_facts(notice: GroupNotice, sending: Sending) -> dict[str, Any]:
    return {
        "event": "group.resolved" if notice.over else "group.updated",
        "deliveryKey": sending.key,
        "title": sending.message.subject,
        "at": _iso(notice.at),
        "group": {
            "publicId": notice.group_public_id,
            "kind": notice.kind,
            "cause": notice.cause,
            "status": "resolved" if notice.over else "open",
            "openedAt": _iso(notice.opened_at),
            "number": notice.number,
            "stillOpen": notice.still_open,
            "ended": notice.ended,
        },
        "causes": [{"cause": cause, "number": number} for cause, number in notice.causes],
        "incidents": [
            {
                "publicId": member.incident_public_id,
                "change": member.change,
                "status": "resolved" if member.change == "resolved" else "open",
                "severity": member.severity,
                "reason": member.reason,
                "cause": member.cause,
                "outageStartedAt": _iso(member.outage_started_at),
                "resolvedAt": _iso(member.resolved_at) or None,
                "customer": member.customer,
                "monitor": member.monitor,
            }
            for member in notice.members
        ],
    }


def _incident_facts(notice: IncidentNotice, sending: Sending) -> dict[str, Any]:
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
        "website": {"id": notice.monitor.id, "name": notice.monitor.name, "url": _url(notice.monitor)},
        "customer": notice.customer,
        "evidence": notice.evidence,
        **({"acknowledgement": notice.acknowledgement} if notice.acknowledgement else {}),
    }


def _url(monitor: NoticeMonitor) -> str:
    """For example "smtp://mail.example.com:25"."""
    return f"{monitor.kind}://{servers(monitor)[0]}"


def _iso(at: Any) -> str:
    return to_text(at) if at else ""


def _is_json(template: str) -> bool:
    return template.lstrip().startswith(("{", "[")) and not template.lstrip().startswith("{{")
