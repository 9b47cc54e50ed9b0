"""The schemas of the document: those of msgspec, with what every field means."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from shared.wire.rounds import RECORDED, Purpose

_EVERYWHERE = "everywhere"
_UUIDS = "uuids"
REFERENCE = "#/components/schemas/{name}"


def schemas_of(kinds: Sequence[type[msgspec.Struct]]) -> dict[str, Any]:
    _, schemas = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
    for kind in kinds:
        # Bodies whose fields are all optional, so that all mistakes are reported at once, list what they need.
        schemas[kind.__name__] |= {"required": [*names]} if (names := getattr(kind, "REQUIRED", ())) else {}
    if purposes := schemas.get(Purpose.__name__):
        # The others are of our own checks, which no answer shows.
        purposes["enum"] = sorted(RECORDED)
        purposes["description"] = "Why a check ran."
    for name, schema in schemas.items():
        if "description" in schema:
            schema["description"] = " ".join(schema["description"].split())
        for field, described in schema.get("properties", {}).items():
            _describe(described, name, field)
    return schemas


def _describe(described: dict[str, Any], schema: str, field: str) -> None:
    """Say what a field means where its struct says so for one of its types only, or not at all."""
    if "description" in described:
        return
    within = [each["description"] for each in described.get("anyOf", ()) if "description" in each]
    if len(within) == 1:
        described["description"] = within[0]
        return
    of_uuids = any(each.get("format") == "uuid" for each in (described, *described.get("anyOf", ())))
    for section in (schema, *([_UUIDS] if of_uuids else []), _EVERYWHERE):
        if text := field_words().get(section, {}).get(field):
            described["description"] = text
            return


@cache
def field_words() -> Mapping[str, Mapping[str, str]]:
    """What fields mean, by schema, and by name for all others."""
    text = resources.files("controller.api.system.openapi").joinpath("fields.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
