"""A body whose fields are at the ends of what the OpenAPI document allows is not refused: nobody learns a rule of one
field by breaking it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.integration.api.conftest import Api
from tests.integration.api.system.test_openapi_examples import bodies, in_harbour, with_names

OURS = "/api/v1/monitors"
_RULES_OF_TWO_FIELDS = {
    "externalKey": "needs project",
    "project": "needs externalKey",
    "interval": "not below timeout",
    "timeout": "at most interval",
    "kind": "that of target",
    "target.kind": "another kind has other fields",
    "homeLocation": "one of locations",
}
"""Fields whose values depend on another one, which no schema of a field can say."""

_NEEDED = {"name", "customerId", "target", "target.host"}
"""In a merge patch null removes, but a monitor needs these."""

_REFUSED = 400


async def test_no_body_within_its_bounds_is_refused(api: Api) -> None:
    document = (await api.client.get("/schema/openapi.json")).json()
    refused, sent = [], 0
    for method, path, operation, form, example in bodies(document):
        if path not in {OURS, f"{OURS}/{{public_id}}"}:
            continue
        schema = operation["requestBody"]["content"][form]["schema"]
        async with in_harbour(api) as (harbour, client):
            for where, changed in varied(document, schema, example):
                body = changed | ({"externalKey": f"key-{sent}"} if "externalKey" in changed else {})
                target = harbour.filled(with_names(path))
                answer = await client.request(method, target, content=json.dumps(body), headers={"Content-Type": form})
                sent += 1
                if answer.status_code == _REFUSED:
                    refused.append(f"{method} {path} {where}: {answer.json()['errors']}")
    assert not refused, "\n".join(refused)
    assert sent > 50


def varied(document: dict[str, Any], schema: dict[str, Any], example: Any) -> Iterator[tuple[str, Any]]:
    """The example with one field changed: left out, null, each choice, the shortest and longest, the least and most."""
    for path, described, required in _fields(document, schema, example, ""):
        if path in _RULES_OF_TWO_FIELDS:
            continue
        if not required:
            yield f"without {path}", _changed(example, path, None, remove=True)
        for value in _ends(document, described):
            if value is None and path in _NEEDED:
                continue
            yield f"{path} {json.dumps(value)[:60]}", _changed(example, path, value)


def _fields(
    document: dict[str, Any], schema: dict[str, Any], example: Any, within: str
) -> Iterator[tuple[str, dict[str, Any], bool]]:
    schema = _chosen(document, schema, example)
    for name, described in schema.get("properties", {}).items():
        if described.get("readOnly"):
            continue
        path = f"{within}{name}"
        yield path, described, name in schema.get("required", [])
        inner = example.get(name) if isinstance(example, dict) else None
        if isinstance(inner, dict) and name == "target":
            yield from _fields(document, described, inner, f"{path}.")


def _chosen(document: dict[str, Any], schema: dict[str, Any], example: Any) -> dict[str, Any]:
    """The schema behind references; of a union the one of the example's kind."""
    if "$ref" in schema:
        return _chosen(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], example)
    if "discriminator" in schema:
        return _chosen(document, {"$ref": schema["discriminator"]["mapping"][example["kind"]]}, example)
    objects = [each for each in schema.get("anyOf", []) if "$ref" in each]
    return _chosen(document, objects[0], example) if len(objects) == 1 else schema


def _ends(document: dict[str, Any], described: dict[str, Any]) -> Iterator[Any]:
    for each in described.get("anyOf", [described]):
        schema = _chosen(document, each, {}) if "$ref" in each else each
        if schema.get("type") == "null":
            yield None
        if schema.get("type") == "boolean":
            yield from (True, False)
        yield from (value for value in schema.get("enum", []) if value is not None)
        yield from (schema[bound] for bound in ("minimum", "maximum") if bound in schema)
        if schema.get("type") == "string" and not schema.keys() & {"pattern", "format", "enum", "examples"}:
            yield from ("a" * schema[bound] for bound in ("minLength", "maxLength") if bound in schema)


def _changed(example: Any, path: str, value: Any, *, remove: bool = False) -> Any:
    changed = copy.deepcopy(example)
    *parents, name = path.split(".")
    inner = changed
    for parent in parents:
        inner = inner[parent]
    if remove:
        inner.pop(name, None)
    else:
        inner[name] = value
    return changed
