"""The AsyncAPI document agrees with the code, keeps the rules of AsyncAPI 3.0, and suffices to write a subscriber."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

import agent
from controller.api.asyncapi.document import document, text
from controller.api.asyncapi.page import page
from controller.api.asyncapi.prose import FACTS
from controller.broker import streams
from controller.kinds import BY_NAME
from shared.wire import json_times, subjects
from shared.wire.events import IncidentEvent, VerdictEvent
from shared.wire.fact_events import FactEvent
from shared.wire.failures import FailureKind
from shared.wire.messages import Event, EventType
from shared.wire.side_events import ConfigurationEvent, DeliveryEvent, GapEvent, MaintenanceEvent

REQUIRED = {  # the fields that AsyncAPI 3.0 requires of an object
    "": {"asyncapi", "info"},
    "info": {"title", "version"},
    "servers/*": {"host", "protocol"},
    "operations/*": {"action", "channel"},
    "components/securitySchemes/*": {"type"},
}
PAYLOADS: dict[str, type[msgspec.Struct]] = {
    "result": Event,
    "verdict": VerdictEvent,
    "incident": IncidentEvent,
    "gap": GapEvent,
    "maintenance": MaintenanceEvent,
    "delivery": DeliveryEvent,
    "configuration": ConfigurationEvent,
    "fact": FactEvent,
}


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    """The document as the repository has it."""
    read: dict[str, Any] = json.loads(files("controller.api.asyncapi").joinpath("asyncapi.json").read_text("utf-8"))
    return read


def test_the_file_matches_the_code() -> None:
    file = files("controller.api.asyncapi").joinpath("asyncapi.json").read_text("utf-8")
    assert file == text(), "the wire types or the texts changed: run `make schema` and commit asyncapi.json"


def test_every_type_of_event_is_described(described: dict[str, Any]) -> None:
    assert set(described["channels"]) == set(PAYLOADS) == set(map(str, EventType))
    for kind in EventType:
        assert f"`{kind}`" in described["info"]["description"]
    assert "## Check the subject you got" in described["info"]["description"]


def test_every_object_has_what_asyncapi_requires(described: dict[str, Any]) -> None:
    assert described["asyncapi"] == "3.0.0"
    for path, fields in REQUIRED.items():
        found = at(described, path.removesuffix("/*"))
        for one in found.values() if path.endswith("*") else [found]:
            assert fields <= set(one), path
    assert {operation["action"] for operation in described["operations"].values()} == {"send"}


def test_every_reference_leads_somewhere_and_stands_alone(described: dict[str, Any]) -> None:
    found = [one for one in objects(described) if "$ref" in one]
    assert found
    for one in found:
        assert set(one) == {"$ref"}, "what stands beside a reference is not read (JSON Schema draft 7)"
        assert at(described, one["$ref"].removeprefix("#/")) is not None, one


def test_operations_send_messages_of_their_own_channel(described: dict[str, Any]) -> None:
    for operation in described["operations"].values():
        channel = operation["channel"]["$ref"]
        assert [message["$ref"] for message in operation["messages"]] == [
            f"{channel}/messages/{name}" for name in at(described, channel.removeprefix("#/"))["messages"]
        ]


def test_addresses_are_the_subjects_that_events_have(described: dict[str, Any]) -> None:
    for name, channel in described["channels"].items():
        parameters = set(re.findall(r"{(\w+)}", channel["address"]))
        assert parameters == set(channel["parameters"])
        pattern = subjects.event_pattern("{organization}", "{customer}", "{monitor}", EventType(name).value)
        assert channel["address"] == pattern


@pytest.mark.parametrize("name", PAYLOADS)
def test_examples_are_valid_by_their_schema_and_decode_to_themselves(described: dict[str, Any], name: str) -> None:
    message = described["components"]["messages"][name]
    payload_schema = message["payload"] | {"components": described["components"]}
    for example in message["examples"]:
        jsonschema_rs.Draft7Validator(payload_schema, validate_formats=True).validate(example["payload"])
        jsonschema_rs.Draft7Validator(message["headers"]).validate(example["headers"])
        assert example["headers"]["Nats-Msg-Id"] == example["payload"]["eventId"]
        decoded = msgspec.json.decode(msgspec.json.encode(example["payload"]), type=PAYLOADS[name])
        assert json.loads(json_times.encode(decoded)) == example["payload"]


def test_words_of_a_later_version_are_no_mistake(described: dict[str, Any]) -> None:
    """A subscriber that validates must not refuse a message that only has new words."""
    message = described["components"]["messages"]["verdict"]
    newer = message["examples"][0]["payload"] | {"verdict": "asleep", "kind": "ldap", "fromTheFuture": [1]}
    newer["evidence"]["votes"][0]["failure"]["kind"] = "bewitched"
    payload_schema = message["payload"] | {"components": described["components"]}
    jsonschema_rs.Draft7Validator(payload_schema).validate(newer)


@pytest.mark.parametrize(
    ("schema", "field", "words"),
    [
        ("VerdictEvent", "verdict", ["up", "degraded", "partial", "down", "unknown"]),
        ("VerdictEvent", "previous", ["up", "degraded", "partial", "down", "unknown"]),
        ("IncidentEvent", "severity", ["partial", "down"]),
        ("LocationEvidence", "ballot", ["passed", "warned", "failed", "blind"]),
        ("Event", "kind", ["smtp", "imap", "pop3"]),
        (
            "IncidentEvent",
            "change",
            ["opened", "escalated", "eased", "flapping", "resolved", "acknowledged", "lapsed", "commented"],
        ),
    ],
)
def test_what_is_text_on_the_wire_has_its_list_of_words(
    described: dict[str, Any], schema: str, field: str, words: list[str]
) -> None:
    found = described["components"]["schemas"][schema]["properties"][field]
    assert found["anyOf"] == [{"type": "string", "enum": words}, {"type": "string"}]
    assert "later version" in found["description"]


def test_vocabularies_are_complete_and_open(described: dict[str, Any]) -> None:
    kinds = described["components"]["schemas"]["FailureKind"]
    assert kinds["anyOf"] == [{"type": "string", "enum": list(FailureKind)}, {"type": "string"}]


def test_every_type_is_described_and_every_number_says_its_unit(described: dict[str, Any]) -> None:
    for name, schema in described["components"]["schemas"].items():
        assert schema["description"], name
        assert not re.search(
            r"`[a-z]+_[a-z_]+`|\bNone\b|shared\.", schema["description"].split("The most important")[0]
        ), name
        for field, about in schema.get("properties", {}).items():
            # The name or the type of an id or a reference says what it is.
            if "$ref" not in about and about.get("format") not in {"uuid", "date-time"} and "const" not in about:
                assert about.get("description"), f"{name}.{field}"
            if field.endswith("Ms"):
                assert about["description"].startswith("Milliseconds"), f"{name}.{field}"


def test_timestamps_are_date_times(described: dict[str, Any]) -> None:
    for name, schema in described["components"]["schemas"].items():
        for field, about in schema.get("properties", {}).items():
            if field.endswith("At"):
                choices = about.get("anyOf", [about])
                assert choices[0]["format"] == "date-time", f"{name}.{field}"


def test_the_stream_keeps_what_the_document_promises(described: dict[str, Any]) -> None:
    events = next(config for config in streams._STREAMS if config.name == subjects.EVENTS)
    assert (events.max_age, events.max_bytes, events.duplicate_window) == (24 * 3600, 1024**3, 120)
    description = described["info"]["description"]
    assert "keeps 24 hours, and 1 GiB at most" in description
    assert "within two minutes" in description


def test_every_fact_a_probe_reports_has_its_meaning() -> None:
    facts: set[str] = set()
    for file in Path(agent.__path__[0]).rglob("*.py"):
        code = file.read_text()
        facts |= set(re.findall(r'facts\["(\w+)"\]', code)) | set(re.findall(r'"(certificate[A-Z]\w*)"', code))
        if file.match("imap/mailbox.py"):
            facts |= set(re.findall(r'^ +\("[A-Z]+", "[A-Z]*"\): "(\w+)",$', code, re.MULTILINE))
    assert facts == {*FACTS, *(name for kind in BY_NAME.values() for name in kind.words.facts)}


def test_it_names_no_host_but_examples(described: dict[str, Any]) -> None:
    hosts = set(re.findall(r"[a-z0-9-]+\.(?:com|net|org|io|test|dev)\b", json.dumps(described)))
    assert hosts <= {"example.com", "example.net"}


class Elements(HTMLParser):
    """The parts of a page: its tags and ids, and every attribute that makes a browser do something."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            elif name in {"href", "src"}:
                self.links.append(value or "")
            elif name.startswith("on"):
                self.handlers.append(name)


def elements(html: str) -> Elements:
    found = Elements()
    found.feed(html)
    return found


def test_the_page_loads_nothing_and_runs_nothing(described: dict[str, Any]) -> None:
    found = elements(page(described))
    assert not {"script", "img", "iframe", "link", "object"} & set(found.tags)
    assert not found.handlers
    for link in found.links:
        assert link in {"/schema", "/schema/asyncapi.json"} or link.removeprefix("#") in found.ids, link


def test_the_page_shows_every_field_of_every_type(described: dict[str, Any]) -> None:
    html = page(described)
    schemas = described["components"]["schemas"]
    assert set(schemas) <= elements(html).ids
    for schema in schemas.values():
        for field in schema.get("properties", {}):
            assert f"<dt><code>{field}</code>" in html
    for word in FailureKind:
        assert f"<code>&quot;{word}&quot;</code>" in html
    assert "prefers-color-scheme" in html or "color-scheme: light dark" in html
    assert 'name="viewport"' in html


def test_all_text_of_a_document_is_escaped_on_the_page() -> None:
    hostile = "</pre><script>alert(1)</script>"
    made = document()
    made["info"] |= {"title": hostile, "description": f"## {hostile}\n\n`{hostile}`"}
    made["components"]["messages"]["result"]["examples"][0]["payload"]["result"]["failure"]["detail"] = hostile
    made["components"]["schemas"]["Event"]["properties"]["kind"]["description"] = hostile
    html = page(made)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 6


def at(document: Any, path: str) -> Any:
    for step in filter(None, path.split("/")):
        document = document[step]
    return document


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from objects(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from objects(inner)
