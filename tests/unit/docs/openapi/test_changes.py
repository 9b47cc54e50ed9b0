"""What breaks clients is named, and what does not is left alone."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.docs.openapi.changes import breaks

Document = dict[str, Any]


def thing(document: Document) -> Document:
    found: Document = document["components"]["schemas"]["Thing"]
    return found


def answer(document: Document) -> Document:
    found: Document = document["components"]["schemas"]["Answer"]
    return found


def put(document: Document) -> Document:
    found: Document = document["paths"]["/things/{id}"]["put"]
    return found


@pytest.fixture
def before() -> Document:
    """One operation with a path, a query, a body that is a union inside, and an answer that holds itself."""
    reference = {"$ref": "#/components/schemas/Answer"}
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    smtp = {
        "type": "object",
        "properties": {"kind": {"enum": ["smtp"]}, "host": {"type": "string"}},
        "required": ["kind"],
    }
    imap = {"type": "object", "properties": {"kind": {"enum": ["imap"]}}, "required": ["kind"]}
    return {
        "paths": {
            "/things/{id}": {
                "put": {
                    "operationId": "replaceThing",
                    "parameters": [
                        {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}},
                        {"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 500}},
                    ],
                    "requestBody": {"required": True, "content": body},
                    "responses": {
                        "200": {
                            "headers": {"ETag": {"schema": {"type": "string"}}},
                            "content": {"application/json": {"schema": reference}},
                        },
                        "404": {"content": {}},
                    },
                }
            }
        },
        "components": {
            "schemas": {
                "Thing": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "maxLength": 50},
                        "state": {"enum": ["on", "off"]},
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                        "target": {"anyOf": [{"$ref": "#/components/schemas/Smtp"}, imap]},
                    },
                    "required": ["name"],
                    "additionalProperties": False,
                },
                "Smtp": smtp,
                "Answer": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string"},
                        "state": {"enum": ["on", "off"]},
                        "parent": {"anyOf": [reference, {"type": "null"}]},
                    },
                    "required": ["id", "state"],
                },
            }
        },
    }


BREAKING: list[tuple[str, Callable[[Document], Any]]] = [
    ("PUT /things/{id} is gone", lambda d: d["paths"].clear()),
    ("the operation id replaceThing is gone", lambda d: put(d).update(operationId="putThing")),
    ("the parameter limit is gone", lambda d: put(d)["parameters"].pop()),
    ("the parameter limit is required now", lambda d: put(d)["parameters"][1].update(required=True)),
    ("limit has maximum 100 now", lambda d: put(d)["parameters"][1]["schema"].update(maximum=100)),
    (
        "the new parameter of is required",
        lambda d: put(d)["parameters"].append({"in": "query", "name": "of", "required": True}),
    ),
    ("body.note is gone", lambda d: thing(d)["properties"].pop("note")),
    ("body.state is required now", lambda d: thing(d)["required"].append("state")),
    ("body.state must not be off any more", lambda d: thing(d)["properties"]["state"]["enum"].remove("off")),
    ("body.note must not be null any more", lambda d: thing(d)["properties"]["note"]["anyOf"].pop()),
    ("body.name has maxLength 20 now", lambda d: thing(d)["properties"]["name"].update(maxLength=20)),
    ("body.name has pattern ^x$ now", lambda d: thing(d)["properties"]["name"].update(pattern="^x$")),
    (
        "body.target must not be object with kind imap any more",
        lambda d: thing(d)["properties"]["target"]["anyOf"].pop(),
    ),
    (
        "body.target.host must not be string any more",
        lambda d: d["components"]["schemas"]["Smtp"]["properties"]["host"].update(type="integer"),
    ),
    ("answer.state is gone", lambda d: answer(d)["properties"].pop("state")),
    ("answer.state may be left out now", lambda d: answer(d)["required"].remove("state")),
    ("answer.id may be null now", lambda d: answer(d)["properties"]["id"].update(type=["string", "null"])),
    ("the header ETag of the answer 200 is gone", lambda d: put(d)["responses"]["200"]["headers"].clear()),
    ("the answer 200 is gone", lambda d: put(d)["responses"].pop("200")),
    ("the answer 200 in application/json is gone", lambda d: put(d)["responses"]["200"]["content"].clear()),
    ("a body in application/json is refused now", lambda d: put(d)["requestBody"]["content"].clear()),
]

HARMLESS: list[Callable[[Document], Any]] = [
    lambda d: d["paths"].update({"/more": {"get": {"responses": {}}}}),
    lambda d: put(d)["parameters"].append({"in": "query", "name": "q", "schema": {"type": "string"}}),
    lambda d: thing(d)["properties"].update(more={"type": "string"}),
    lambda d: thing(d)["properties"]["name"].update(maxLength=100),
    lambda d: thing(d)["properties"]["state"]["enum"].append("paused"),
    lambda d: thing(d)["required"].clear(),
    lambda d: thing(d)["properties"]["target"]["anyOf"].append(
        {"type": "object", "properties": {"kind": {"enum": ["pop3"]}}, "required": ["kind"]}
    ),
    lambda d: answer(d)["properties"].update(more={"type": "string"}),
    lambda d: answer(d)["required"].append("parent"),
    lambda d: put(d)["responses"].update({"409": {"content": {}}}),
]


@pytest.mark.parametrize(("said", "change"), BREAKING)
def test_a_change_that_breaks_clients_is_named(before: Document, said: str, change: Callable[[Document], Any]) -> None:
    after = copy.deepcopy(before)
    change(after)
    found = breaks(before, after)
    assert len(found) == 1, found
    assert found[0].endswith(said)
    assert found[0].startswith("PUT /things/{id}")


@pytest.mark.parametrize("change", HARMLESS)
def test_a_change_that_breaks_no_client_is_left_alone(before: Document, change: Callable[[Document], Any]) -> None:
    after = copy.deepcopy(before)
    change(after)
    assert after != before
    assert breaks(before, after) == []
