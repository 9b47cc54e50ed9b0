"""The structs of merge patches, made from the structs that they change: every member may be left out, or null."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import UNSET, UnsetType

S = TypeVar("S", bound=msgspec.Struct)

_NAMES = ClassVar[frozenset[str]]


def patch_of(base: type[S], changed: type[msgspec.Struct]) -> type[S]:
    """The struct of patches for `changed` (RFC 7396), of the name, the text and the base `base`. Structs inside are
    patched likewise; where one of several may stand, the patch has the members of all of them.
    """
    return cast("type[S]", _patch(base.__name__, [changed], bases=(base,), doc=base.__doc__))


def _patch(
    name: str, changed: Sequence[type[msgspec.Struct]], *, bases: tuple[type, ...] = (), doc: str | None = None
) -> type[msgspec.Struct]:
    fields: dict[str, Any] = {}
    names: dict[str, str] = {}
    tags: list[str] = []
    ignored: frozenset[str] = frozenset()
    for struct in changed:
        ignored |= getattr(struct, "IGNORED", frozenset())
        if struct.__struct_config__.tag is not None:
            tags.append(str(struct.__struct_config__.tag))
        for field in msgspec.structs.fields(struct):
            if field.encode_name not in ignored:
                names[field.name] = field.encode_name
                own = _changed_type(field.type, f"{name}{field.name.title().replace('_', '')}")
                fields[field.name] = own if fields.get(field.name, own) == own else Any
    if tags:
        fields = {str(changed[0].__struct_config__.tag_field): _one_of(tags), **fields}
    return msgspec.defstruct(
        name,
        [(field, kind if kind is Any else kind | UnsetType | None, UNSET) for field, kind in fields.items()],
        bases=bases or None,
        namespace={"__doc__": doc or changed[0].__doc__, "IGNORED": ignored, "__annotations__": {"IGNORED": _NAMES}},
        frozen=True,
        kw_only=True,
        rename=names,
        forbid_unknown_fields=True,
    )


def _changed_type(kind: Any, name: str) -> Any:
    """The type of a member without null, in the place of a member of this type."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _made(name, (kind,))
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return Annotated[_changed_type(inner[0], name), *inner[1:]]
    if origin in (Union, UnionType):
        choices = [choice for choice in inner if choice not in (UnsetType, type(None))]
        structs = [choice for choice in choices if isinstance(choice, type) and issubclass(choice, msgspec.Struct)]
        others = [_changed_type(choice, name) for choice in choices if choice not in structs]
        return Union[(*([_made(name, tuple(structs))] if structs else []), *others)]
    if origin is dict:
        return dict[inner[0], inner[1] | None]  # type: ignore[valid-type]
    return kind


@lru_cache
def _made(name: str, structs: tuple[type[msgspec.Struct], ...]) -> type[msgspec.Struct]:
    return _patch(name, structs)


def _one_of(tags: Sequence[str]) -> Any:
    return Literal[tuple(tags)]
