"""Reports as XML: an element of the report's name, with a `row` for each entry whose attributes are its fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
from litestar import Response
from litestar.openapi.spec import Example, OpenAPIMediaType, OpenAPIResponse, OpenAPIType, Operation, Schema

XML = "text/xml"
_NOT_IN_XML = dict.fromkeys({*range(32), 0xFFFE, 0xFFFF} - {*b"\t\n\r"}, "\N{REPLACEMENT CHARACTER}")


@dataclass
class Reporting(Operation):
    """Litestar documents one media type for a status; a report has two."""

    def __post_init__(self) -> None:
        answered = (self.responses or {}).get("200")
        if isinstance(answered, OpenAPIResponse) and answered.content is not None:
            [described] = answered.content.values()
            [example] = (described.examples or {}).values()
            assert isinstance(example, Example)  # noqa: S101 - `answers` makes examples
            answered.content[XML] = OpenAPIMediaType(
                schema=Schema(type=OpenAPIType.STRING), examples={"xml": Example(value=self.xml(example.value))}
            )

    def xml(self, example: Any) -> str:
        """The example of an answer as XML."""
        return _document(str(self.operation_id).removeprefix("alertsiteReport").lower(), example["results"]).decode()


def xml_answer(name: str, rows: Iterable[Mapping[str, Any]], *, note: str | None = None) -> Response[bytes]:
    """`note` is an attribute of the root."""
    return Response(_document(name, rows, note), media_type=XML)


def fields_of(record: msgspec.Struct) -> Mapping[str, Any]:
    return msgspec.structs.asdict(record)


def written(root: ET.Element) -> bytes:
    body: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def text_of(value: Any) -> str:
    """Without what XML cannot hold; null is empty."""
    return "" if value is None else str(value).translate(_NOT_IN_XML)


def _document(name: str, rows: Iterable[Mapping[str, Any]], note: str | None = None) -> bytes:
    root = ET.Element(name, {} if note is None else {"note": note})
    for fields in rows:
        ET.SubElement(root, "row", {field: text_of(value) for field, value in fields.items()})
    return written(root)
