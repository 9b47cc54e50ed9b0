"""The OpenAPI document says of everything what it is: operations, fields, bodies, headers, tags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from controller.api.system.openapi.components import field_words
from tests.docs.openapi.kept import present
from tests.docs.openapi.reachable import objects_in, reachable

VENDORS = {"uptimeify": "/api/", "alertsite": "/api/v3/"}
VERBS = re.compile(
    "acknowledge|add|change|check|comment|create|delete|disable|enable|end|get|list|log|preview|prolong|put|remove|replace|report|resolve"
    "|rotate|start|stream|test|trigger|update"
)
"""What an operation may begin with."""

OURS = "/api/v1/"


@pytest.fixture(scope="module")
async def document() -> dict[str, Any]:
    return await present()


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


async def test_operation_ids_are_verbs_and_nouns_and_a_vendor_s_begin_with_its_name(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(ids)) == len(ids)
    for _, path, operation in operations(document):
        name = operation["operationId"]
        assert re.fullmatch(r"[a-z]+([A-Z][a-z0-9]+)+", name), name
        vendor = next((each for each in VENDORS if name.startswith(each)), None)
        if vendor:
            assert path.startswith(VENDORS[vendor]), name
            assert not path.startswith(OURS), name
        verb = re.split(r"(?<=[a-z])(?=[A-Z])", name.removeprefix(vendor or ""))[0].lower()
        assert VERBS.fullmatch(verb), name


async def test_every_field_says_what_it_means(document: dict[str, Any]) -> None:
    missing = [
        f"{name}.{field}"
        for name, schema in document["components"]["schemas"].items()
        for field, described in schema.get("properties", {}).items()
        if not described.get("description", "").strip()
    ]
    assert not missing


async def test_every_parameter_says_what_it_means_or_is_bounded(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for parameter in operation.get("parameters", []):
            if path.startswith(OURS):
                assert parameter.get("description"), f"{method} {path} {parameter['name']}"


async def test_the_words_for_fields_are_all_used(document: dict[str, Any]) -> None:
    """A field that is renamed or removed takes its words along."""
    schemas = document["components"]["schemas"]
    words = dict(field_words())
    by_name = {*words.pop("everywhere"), *words.pop("uuids")}
    assert by_name <= {field for schema in schemas.values() for field in schema.get("properties", {})}
    for name, fields in words.items():
        assert fields.keys() <= schemas[name]["properties"].keys(), name


async def test_a_text_of_ours_that_is_sent_has_a_longest_length_or_a_choice(document: dict[str, Any]) -> None:
    """Bodies of our own API only; identifiers have a format."""
    for method, path, operation in operations(document):
        if not path.startswith(OURS) or "requestBody" not in operation:
            continue
        content = operation["requestBody"]["content"]["application/json"]
        for name, schema in reachable(document, content["schema"]).items():
            for field, described in schema.get("properties", {}).items():
                for text in _texts(described):
                    bounded = {"maxLength", "enum", "const", "format", "pattern"} & text.keys()
                    assert bounded, f"{method} {path}: {name}.{field}"


async def test_no_component_is_empty_and_every_reference_leads_to_one(document: dict[str, Any]) -> None:
    used = {node["$ref"] for node in objects_in(document) if "$ref" in node}
    there = {f"#/components/{part}/{name}" for part, each in document["components"].items() for name in each}
    assert used <= there
    for name, schema in document["components"]["schemas"].items():
        assert schema.keys() & {"enum", "anyOf", "const"} or schema.get("properties"), name


async def test_a_union_of_objects_is_told_apart_by_a_field(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        for node in objects_in(schema):
            objects = [each for each in node.get("anyOf", []) if "$ref" in each]
            structs = [one for one in objects if "properties" in _referred(document, one)]
            if len(structs) > 1:
                assert set(node["discriminator"]["mapping"].values()) == {one["$ref"] for one in structs}, name


async def test_no_answer_shows_checks_that_are_our_own(document: dict[str, Any]) -> None:
    for node in objects_in(document):
        assert not {"canary", "trial"} & set(map(str, node.get("enum", []) if isinstance(node, dict) else []))


async def test_every_body_has_a_whole_example_that_keeps_its_schema(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        for form, described in operation.get("requestBody", {}).get("content", {}).items():
            where = f"{method} {path} {form}"
            assert described.get("examples"), where
            validator = jsonschema_rs.Draft202012Validator(
                {**described["schema"], "components": document["components"]}
            )
            for example in described["examples"].values():
                found = [str(error.message) for error in validator.iter_errors(example["value"])]
                assert not found, f"{where}: {found}"


async def test_every_answer_names_its_headers(document: dict[str, Any]) -> None:
    for method, path, operation in operations(document):
        ours = path.startswith(OURS)
        responses = operation["responses"]
        sent = {one["name"] for one in operation.get("parameters", []) if one["in"] == "header"}
        assert ("Idempotency-Key" in sent) == (ours and method == "post"), path
        assert ("If-Match" in sent) == ("412" in responses), path
        for status, response in responses.items():
            where = f"{method} {path} {status}"
            names = response["headers"].keys()
            assert "X-Request-Id" in names, where
            assert ("Retry-After" in names) == (status in {"429", "503"}), where
            assert "X-RateLimit-Remaining" in names or not operation.get("security"), where
            if ours and status == "201":
                assert {"Location", "ETag"} <= names, where
            if ours and status == "200" and "304" in responses:
                assert "ETag" in names, where


async def test_tags_licence_and_version_are_stated(document: dict[str, Any]) -> None:
    described = {tag["name"]: tag["description"] for tag in document["tags"]}
    used = {tag for _, _, operation in operations(document) for tag in operation["tags"]}
    assert used == described.keys()
    assert all(text.endswith(".") for text in described.values())
    assert document["openapi"].startswith("3.1")
    assert document["info"]["license"] == {"name": "Apache License 2.0", "identifier": "Apache-2.0"}
    assert all(len(operation["tags"]) == 1 for _, _, operation in operations(document))


def _referred(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema["$ref"].rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"].get(name, {})
    return found


def _texts(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in (schema, *schema.get("anyOf", [])) if each.get("type") == "string"]
