"""JSON bodies, decoded strictly: a number in quotes is not a number, and each refusal names the field and the rule. But
587.0 is an integer, because JSON has one kind of number.

Litestar's own decoding coerces values and words its errors differently, so bodies are decoded by this DTO.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import msgspec
from litestar.dto import AbstractDTO, DTOFieldDefinition
from litestar.exceptions import HTTPException
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition
from msgspec.inspect import type_info

from controller.decisions.access import may_change
from controller.errors import ForbiddenError, InvalidError, InvalidFieldsError
from controller.http.documents.ignored_fields import without_ignored
from controller.http.documents.mistakes import mistakes_in
from controller.http.problem_details import is_ours
from controller.model import Principal
from controller.model.values.json_rules import breach_of
from controller.model.values.whole_numbers import with_whole_numbers

T = TypeVar("T", bound=msgspec.Struct)

_JSON = re.compile(r"application/(?:[\w.-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)


class JsonBody(AbstractDTO[T]):
    """`JsonBody[Kind]` as the `dto` of a route decodes its `data` into the struct Kind.

    Below /api/v1 all mistakes of a body are reported at once, and the fields that a struct names in `IGNORED` are
    dropped (controller.http.documents.ignored_fields); before that, a struct's static method `PREPARED` may change the
    document that was sent. A struct may have `REFUSALS`, the texts that a vendor documents for a field that is missing
    or of a wrong type. With `OF_A_MONITOR` a caller that may change only a monitor's status must send no other field,
    known or unknown.
    """

    def decode_bytes(self, value: bytes) -> T:
        """Raises InvalidError, and HTTPException 415 when the Content-Type is not JSON."""
        media_type = self.asgi_connection.headers.get("content-type")
        if media_type and not _JSON.fullmatch(media_type.strip()):
            raise HTTPException(status_code=415)
        if getattr(self.model_type, "OF_A_MONITOR", False):
            _require_fields(self.asgi_connection.scope.get("user"), value)
        if is_ours(self.asgi_connection.url.path):
            return decode_ours(value, self.model_type)
        return decode(value, self.model_type)

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Prepares nothing: msgspec decodes the struct itself."""

    @classmethod
    def create_openapi_schema(
        cls,
        field_definition: FieldDefinition,  # noqa: ARG003 - it may be a base of several bodies
        handler_id: str,  # noqa: ARG003 - part of Litestar's contract
        schema_creator: Any,
    ) -> Reference | Schema:
        schema: Reference | Schema = schema_creator.for_field_definition(
            FieldDefinition.from_annotation(cls.model_type)
        )
        return schema

    @classmethod
    def generate_field_definitions(
        cls,
        model_type: type[Any],  # noqa: ARG003 - part of Litestar's contract
    ) -> Generator[DTOFieldDefinition, None, None]:
        yield from ()

    @classmethod
    def detect_nested_field(
        cls,
        field_definition: FieldDefinition,  # noqa: ARG003 - part of Litestar's contract
    ) -> bool:
        return False


def body_of(kind: type[T]) -> type[JsonBody[T]]:
    """The `dto` of a body whose struct is made at run time."""
    return JsonBody[kind]  # type: ignore[valid-type]


def _require_fields(principal: Principal | None, body: bytes) -> None:
    """Raises ForbiddenError. A body that is not a JSON object passes; decoding refuses it afterwards."""
    if principal is None or may_change(principal, [""]):
        return
    try:
        sent = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return
    if not may_change(principal, sent):
        raise ForbiddenError


def decode(body: bytes, kind: type[T]) -> T:
    """Raises InvalidError."""
    with _understood():
        try:
            return _decode(body, kind)
        except msgspec.ValidationError as error:
            texts: Mapping[str, str] = getattr(kind, "REFUSALS", {})
            field, rule = breach_of(error, kind)
            raise InvalidError(field or "body", rule, message=texts.get(field)) from error


def decode_ours(body: bytes, kind: type[T]) -> T:
    """A body of our own API. Raises InvalidFieldsError for all mistakes of the body, InvalidError for no JSON."""
    with _understood():
        try:
            document = msgspec.json.decode(body)
        except msgspec.ValidationError:  # a number that no type takes; this decoding says which
            return decode(body, kind)
        return convert_ours(document, kind)


def convert_ours(document: Any, kind: type[T]) -> T:
    """A document as JSON has it, for example after a merge, as a body of our own API. Raises InvalidFieldsError."""
    prepare: Callable[[Any], Any] = getattr(kind, "PREPARED", _as_it_is)
    given = with_whole_numbers(without_ignored(prepare(document), kind), type_info(kind))
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise InvalidFieldsError(mistakes_in(given, kind)) from error


def _as_it_is(document: Any) -> Any:
    return document


@contextmanager
def _understood() -> Iterator[None]:
    """Raises InvalidError for what is no JSON."""
    try:
        yield
    except RecursionError as error:
        raise InvalidError("body", "is nested too deeply") from error
    except InvalidError:
        raise
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidError("body", "must be valid JSON") from error


def _decode(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        return msgspec.convert(_whole(body, kind, error), kind)


def _whole(body: bytes, kind: type[T], error: msgspec.ValidationError) -> Any:
    """The document with integers where the type takes no floats. Raises `error` for one that cannot be decoded."""
    try:
        given = msgspec.json.decode(body)
    except msgspec.ValidationError:  # without the field
        raise error from None
    return with_whole_numbers(given, type_info(kind))
