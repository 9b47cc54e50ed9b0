"""Makes the AsyncAPI 3.0 document from the wire types, so that it always matches what the code sends."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from controller.api.asyncapi.examples import INCIDENT, RESULT, VERDICT
from controller.api.asyncapi.prose import CHANNELS, DESCRIPTION, FACTS, OPEN
from controller.api.asyncapi.side_examples import CONFIGURATION, DELIVERY, FACT, GAP, MAINTENANCE
from controller.decisions.evaluation.quorum import Ballot
from controller.decisions.evaluation.state import ChangeKind, Severity, VerdictKind
from controller.kinds import BY_NAME
from controller.model import GapReason
from controller.model.audit import ActorKind
from controller.model.maintenance import Effect
from controller.model.values.field_names import camel
from controller.operations.audit.announcing import ANNOUNCED
from shared.wire import json_times
from shared.wire.details import DETAILS
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.fact_events import FactEvent
from shared.wire.failures import FailureKind, FailureSource, Phase, WarningKind
from shared.wire.messages import Event, EventType, ResultStatus, Speaker
from shared.wire.rounds import RECORDED, Purpose
from shared.wire.side_events import ConfigurationEvent, DeliveryEvent, GapEvent, MaintenanceEvent
from shared.wire.targets import KINDS

_PAYLOADS: dict[EventType, tuple[type[msgspec.Struct], msgspec.Struct]] = {
    EventType.RESULT: (Event, RESULT),
    EventType.VERDICT: (VerdictEvent, VERDICT),
    EventType.INCIDENT: (IncidentEvent, INCIDENT),
    EventType.GAP: (GapEvent, GAP),
    EventType.MAINTENANCE: (MaintenanceEvent, MAINTENANCE),
    EventType.DELIVERY: (DeliveryEvent, DELIVERY),
    EventType.CONFIGURATION: (ConfigurationEvent, CONFIGURATION),
    EventType.FACT: (FactEvent, FACT),
}
_VERDICTS = [*VerdictKind]
# These fields are plain text on the wire, so that a newer controller can use more words. Changes by people have no
# vocabulary in the code.
_WORDS: dict[tuple[str, str], Iterable[str]] = {
    ("VerdictEvent", "verdict"): _VERDICTS,
    ("VerdictEvent", "previous"): _VERDICTS,
    ("IncidentEvent", "change"): [*ChangeKind, "acknowledged", "lapsed", "commented"],
    ("IncidentEvent", "severity"): [*Severity],
    ("LocationEvidence", "ballot"): [word for word in Ballot if word is not Ballot.AWAITED],
    ("GapEvent", "reason"): [*GapReason],
    ("MaintenanceEvent", "change"): ["began", "ended"],
    ("MaintenanceEvent", "effect"): [*Effect],
    ("FactEvent", "change"): ["changed", "began", "ended"],
    ("DeliveryEvent", "outcome"): ["sent", "retrying", "failed", "skipped"],
    ("ChangedObject", "kind"): sorted(ANNOUNCED),
    ("ChangedBy", "kind"): [*ActorKind],
} | {(payload.__name__, "kind"): KINDS for payload, _ in _PAYLOADS.values()}
_OPEN_VOCABULARIES: tuple[type[StrEnum], ...] = (FailureKind, FailureSource, Phase, WarningKind)
_CLOSED_VOCABULARIES: tuple[type[StrEnum], ...] = (ResultStatus, Purpose, Speaker)
_PARAMETERS = {
    "organization": "The public UUID of the organization.",
    "customer": "The public UUID of the customer, or `none` in an event of the organization itself; `*` for all that "
    "you may read.",
    "monitor": "The public UUID of the monitor, or `none` in an event without one; `*` for all.",
}
_SNAKE = re.compile(r"`([a-z]+(?:_[a-z]+)+)`")


def document() -> dict[str, Any]:
    """The whole document, in the order in which people read it."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Mailprobe events", "version": "1", "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {"nats": _server()},
        "channels": {kind.value: _channel(kind) for kind in _PAYLOADS},
        "operations": {f"send{kind.value.capitalize()}": _operation(kind) for kind in _PAYLOADS},
        "components": {
            "messages": {kind.value: _message(kind) for kind in _PAYLOADS},
            "parameters": {
                name: {"description": text, "location": f"$message.payload#/{name}Id"}
                for name, text in _PARAMETERS.items()
            },
            "schemas": _schemas(),
            "securitySchemes": {
                "credentials": {
                    "type": "asymmetricEncryption",
                    "description": "A NATS credentials file (a JWT and the nkey seed that proves that it is yours), "
                    "as `mailprobe-controller stream-credentials` writes it.",
                }
            },
        },
    }


def text() -> str:
    """The document as text, as the route has it, and the file without kinds that an installation adds."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=2).decode() + "\n"


def _server() -> dict[str, Any]:
    return {
        "host": "{host}:{port}",
        "protocol": "nats",
        "description": "The NATS server of the installation, with JetStream and, except on your own machine, TLS.",
        "variables": {
            "host": {"description": "Ask the operator.", "examples": ["nats.example.net"]},
            "port": {"default": "4222"},
        },
        "security": [{"$ref": "#/components/securitySchemes/credentials"}],
    }


def _channel(kind: EventType) -> dict[str, Any]:
    return {
        "address": f"mailprobe.event.{{organization}}.{{customer}}.{{monitor}}.{kind.value}",
        "description": CHANNELS[kind.value],
        "messages": {kind.value: {"$ref": f"#/components/messages/{kind.value}"}},
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in _PARAMETERS},
        "servers": [{"$ref": "#/servers/nats"}],
    }


def _operation(kind: EventType) -> dict[str, Any]:
    return {
        "action": "send",
        "summary": f"Mailprobe sends {kind.value} events; subscribers receive them.",
        "channel": {"$ref": f"#/channels/{kind.value}"},
        "messages": [{"$ref": f"#/channels/{kind.value}/messages/{kind.value}"}],
    }


def _message(kind: EventType) -> dict[str, Any]:
    payload, example = _PAYLOADS[kind]
    shown: dict[str, Any] = msgspec.json.decode(json_times.encode(example))
    return {
        "name": kind.value,
        "title": f"{kind.value.capitalize()} event",
        "headers": {
            "type": "object",
            "properties": {
                "Nats-Msg-Id": {
                    "type": "string",
                    "format": "uuid",
                    "description": "The `eventId`, by which the broker recognizes a repeat.",
                }
            },
            "required": ["Nats-Msg-Id"],
        },
        "payload": {"$ref": f"#/components/schemas/{payload.__name__}"},
        "examples": [{"name": kind.value, "headers": {"Nats-Msg-Id": shown["eventId"]}, "payload": shown}],
    }


def _schemas() -> dict[str, Any]:
    kinds: list[type] = [*(payload for payload, _ in _PAYLOADS.values()), *DETAILS.values()]
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    for schema in schemas.values():
        if description := schema.get("description"):
            schema["description"] = _for_readers(description)
    for kind, (payload, _) in _PAYLOADS.items():
        schemas[payload.__name__]["properties"]["type"] = {"type": "string", "const": kind.value}
    del schemas[EventType.__name__]
    for (name, field), words in _WORDS.items():
        schema = schemas[name]["properties"][field]
        schema["description"] += f" {OPEN}"
        schema.pop("type")
        schema["anyOf"] = _any_of(words)
    for vocabulary in _OPEN_VOCABULARIES:
        schema = schemas[vocabulary.__name__]
        schema["description"] = f"{schema['description']} {OPEN}"
        schema.pop("enum")
        schema["anyOf"] = _any_of(vocabulary)
    for vocabulary in _CLOSED_VOCABULARIES:
        words = RECORDED if vocabulary is Purpose else vocabulary
        schemas[vocabulary.__name__] |= {"type": "string", "enum": [*words]}
    detail = schemas["CheckResult"]["properties"]["detail"]
    # Subscribers must accept the details of kinds that come later.
    detail["anyOf"] = [{"$ref": f"#/components/schemas/{one.__name__}"} for one in DETAILS.values()] + detail["anyOf"]
    facts = schemas["CheckResult"]["properties"]["facts"]
    meanings = FACTS | {name: text for kind in BY_NAME.values() for name, text in kind.words.facts.items()}
    facts["description"] += (
        " The most important: " + "; ".join(f"`{name}`: {meaning}" for name, meaning in meanings.items()) + "."
    )
    return schemas


def _any_of(words: Iterable[str]) -> list[dict[str, Any]]:
    """Lists the known words for people and code generators; validators still accept other words."""
    return [{"type": "string", "enum": [str(word) for word in words]}, {"type": "string"}]


def _for_readers(docstring: str) -> str:
    """The first paragraph, in the names of JSON. The other paragraphs are for readers of the code."""
    description = " ".join(docstring.partition("\n\n")[0].split()).replace("None", "null")
    return _SNAKE.sub(lambda found: f"`{camel(found[1])}`", description)
