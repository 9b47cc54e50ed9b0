"""Structs that differ between the groups of monitors only in names, made for each group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, cast

import msgspec
from msgspec import Meta

S = TypeVar("S", bound=msgspec.Struct)

Total = Annotated[int, Meta(description="How long the whole check took, in milliseconds.")]
Number = Annotated[int, Meta(description="The number of the monitor.")]


def made_struct(
    name: str,
    base: type[S],
    fields: Mapping[str, Any],
    *,
    doc: str | None = None,
    example: Mapping[str, Any] | None = None,
) -> type[S]:
    """A struct with the fields of `base` and then these, or with these instead of those of the same name. A field is a
    type, or a type and its default; names in the JSON are in camel case. `example` is a whole body in the OpenAPI
    document.
    """
    made = msgspec.defstruct(
        name,
        [(field, *kind) if isinstance(kind, tuple) else (field, kind) for field, kind in fields.items()],
        bases=(base,),
        namespace={"__doc__": doc, "EXAMPLE": example},
        module=base.__module__,
        frozen=True,
        kw_only=True,
        rename="camel",
        omit_defaults=base.__struct_config__.omit_defaults,
    )
    return cast("type[S]", made)
