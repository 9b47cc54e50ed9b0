"""What a client has read it may send back: the fields that only answers have are dropped, and all others are read."""

from __future__ import annotations

from typing import ClassVar

import msgspec
import pytest

from controller.errors import InvalidError, InvalidFieldsError
from controller.http.bodies import decode_ours


class Login(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    IGNORED: ClassVar[frozenset[str]] = frozenset({"hasPassword"})
    user: str


class Mail(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True, tag_field="kind", tag="mail"):
    login: Login | None = None


class Web(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True, tag_field="kind", tag="web"):
    url: str


class Body(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    IGNORED: ClassVar[frozenset[str]] = frozenset({"id", "createdAt"})
    name: str
    target: Mail | Web | None = None
    logins: list[Login] = []


def test_they_are_dropped_at_every_depth() -> None:
    body = decode_ours(
        b'{"id": 7, "createdAt": {"any": "thing"}, "name": "a",'
        b' "target": {"kind": "mail", "login": {"user": "u", "hasPassword": "x"}},'
        b' "logins": [{"user": "v", "hasPassword": 1}]}',
        Body,
    )
    assert body == Body(name="a", target=Mail(login=Login(user="u")), logins=[Login(user="v")])


def test_others_are_refused_all_at_once() -> None:
    with pytest.raises(InvalidFieldsError) as caught:
        decode_ours(b'{"id": 7, "ID": 7, "name": 1, "target": {"kind": "web", "url": 1, "hasPassword": 1}}', Body)
    assert {error.field for error in caught.value.fields} == {"ID", "name", "target.url", "target.hasPassword"}


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"\xff", b'{"name": 1e999}', b"[]"])
def test_what_is_no_such_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidError):
        decode_ours(body, Body)
