"""JSON bodies of AlertSite's routes. Fields are decoded as they are, so that all mistakes are reported at once."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from litestar.exceptions import HTTPException
from msgspec import UNSET, Meta

from controller.http.bodies import JsonBody

T = TypeVar("T", bound=msgspec.Struct)


class StrictJsonBody(JsonBody[T]):
    """A JSON body whose request must have a Content-Type (docs/compatibility.md, A14)."""

    def decode_bytes(self, value: bytes) -> T:
        """Raises InvalidError, HTTPException 415."""
        if not self.asgi_connection.headers.get("content-type"):
            raise HTTPException(status_code=415)
        return super().decode_bytes(value)


def sent(body: msgspec.Struct) -> dict[str, Any]:
    """The fields that were sent, as they were sent."""
    return {name: value for name, value in msgspec.structs.asdict(body).items() if value is not UNSET}


def text_field(about: str, **schema: Any) -> Meta:
    return Meta(description=about, extra_json_schema={"type": "string", **schema})


def number_field(about: str, least: int, most: int) -> Meta:
    digits = {"type": "string", "pattern": "^[0-9]{1,18}$"}
    number = {"type": "integer", "minimum": least, "maximum": most}
    return Meta(description=f"{about} Numbers may come as strings.", extra_json_schema={"anyOf": [number, digits]})


def flag_field(about: str) -> Meta:
    return Meta(description=about, extra_json_schema={"type": "boolean"})
