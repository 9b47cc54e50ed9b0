"""Reads what on-call services call back: whether it is genuine, and what somebody did there with which alert. Pure.

PagerDuty signs its webhooks (V3). Opsgenie signs nothing, but sends headers that its user chooses, so it must send the
channel's secret as a bearer token. What is said of another service's documentation stands in docs/compatibility.md.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from controller.errors import InvalidError

OLDEST = timedelta(days=1)
_AHEAD = timedelta(minutes=5)
_LONGEST_NAME = 200
_USER = "user_reference"
_SIGNATURE = "x-pagerduty-signature"
_VERSION = "v1="


class HookAction(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


class HookEvent(NamedTuple):
    """What was done with the alert that has this key, and by whom, for example "PagerDuty: Jane Doe"."""

    action: HookAction
    key: str
    by: str


class Hook(NamedTuple):
    """`is_genuine` takes the headers (names in lower case), the exact body and the channel's secret. `read` returns
    None for what is not about an alert's acknowledgement or end, or was not done by a person; it raises InvalidError.
    """

    is_genuine: Callable[[Mapping[str, str], bytes, str], bool]
    read: Callable[[bytes, datetime], HookEvent | None]


class _Agent(msgspec.Struct):
    type: str = ""
    summary: str = ""


class _PagerDutyIncident(msgspec.Struct):
    incident_key: str | None = None


class _PagerDutyEvent(msgspec.Struct):
    event_type: str
    occurred_at: datetime
    data: msgspec.Raw
    agent: _Agent | None = None


class _PagerDutyBody(msgspec.Struct):
    event: _PagerDutyEvent


class _OpsgenieAlert(msgspec.Struct):
    alias: str | None = None
    username: str | None = None


class _OpsgenieBody(msgspec.Struct):
    action: str
    alert: _OpsgenieAlert


def _is_signed(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """While a secret is replaced there are several signatures, one of which is enough."""
    right = hmac.new(secret.encode(), body, "sha256").hexdigest().encode()
    given = [one.strip() for one in headers.get(_SIGNATURE, "").split(",")]
    found = [
        hmac.compare_digest(one.removeprefix(_VERSION).encode(), right) for one in given if one.startswith(_VERSION)
    ]
    return any(found)


def _has_token(headers: Mapping[str, str], _body: bytes, secret: str) -> bool:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), secret.encode())


_PAGERDUTY_ACTIONS = {"incident.acknowledged": HookAction.ACKNOWLEDGE, "incident.resolved": HookAction.RESOLVE}
_OPSGENIE_ACTIONS = {"Acknowledge": HookAction.ACKNOWLEDGE, "Close": HookAction.RESOLVE}


def _of_pagerduty(body: bytes, now: datetime) -> HookEvent | None:
    """What PagerDuty did by itself, as because of an event of ours, has no user as agent. Raises InvalidError."""
    event = _decoded(body, _PagerDutyBody).event
    if event.occurred_at.tzinfo is None:
        raise InvalidError("event.occurred_at", "must have a time zone")
    if not now - OLDEST <= event.occurred_at <= now + _AHEAD:
        raise InvalidError("event.occurred_at", f"must be within the last {OLDEST.days * 24} hours")
    action = _PAGERDUTY_ACTIONS.get(event.event_type)
    if action is None or event.agent is None or event.agent.type != _USER:
        return None
    key = _decoded(bytes(event.data), _PagerDutyIncident).incident_key
    return HookEvent(action, key, _person("PagerDuty", event.agent.summary)) if key else None


def _of_opsgenie(body: bytes, _: datetime) -> HookEvent | None:
    """Raises InvalidError."""
    sent = _decoded(body, _OpsgenieBody)
    action, alias = _OPSGENIE_ACTIONS.get(sent.action), sent.alert.alias
    return HookEvent(action, alias, _person("Opsgenie", sent.alert.username or "")) if action and alias else None


HOOKS: dict[str, Hook] = {
    "opsgenie": Hook(_has_token, _of_opsgenie),
    "pagerduty": Hook(_is_signed, _of_pagerduty),
}


def _person(service: str, name: str) -> str:
    printable = "".join(letter for letter in name if letter.isprintable()).strip()
    return f"{service}: {printable}"[:_LONGEST_NAME] if printable else service


def _decoded(body: bytes, kind: type[Any]) -> Any:
    """Raises InvalidError."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeError, ValueError, RecursionError) as error:
        raise InvalidError("body", "must be a webhook as the service documents it") from error
