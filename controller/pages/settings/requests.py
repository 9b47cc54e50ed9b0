"""What all pages of the settings read from a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request

from controller.errors import InvalidError, NotFoundError
from controller.http.identifiers import is_uuid
from controller.operations.listing import PageRequest

PER_PAGE = 100


class ButtonForm(msgspec.Struct, frozen=True, kw_only=True):
    """A form of a button and nothing else."""


def thing_of(text: str) -> UUID:
    """The public id in a path. Raises NotFoundError."""
    if not is_uuid(text):
        raise NotFoundError
    return UUID(text)


def done_of(request: Request[Any, Any, Any], words: Mapping[str, str]) -> str:
    """What to say after a form was accepted, by the value of `done` in the URL; nothing for values that are made up."""
    return words.get(request.query_params.get("done", ""), "")


def search_of(request: Request[Any, Any, Any]) -> str:
    """The text that a list is searched for."""
    return request.query_params.get("q", "").strip()


def page_request(request: Request[Any, Any, Any], sort: str) -> PageRequest:
    return PageRequest(sort=sort, limit=PER_PAGE, cursor=request.query_params.get("after"))


def following_page(path: str, text: str, cursor: str | None) -> str | None:
    """The path of the next page of a list."""
    if cursor is None:
        return None
    return f"{path}?{urlencode({'q': text, 'after': cursor} if text else {'after': cursor})}"


def uuids_of(texts: list[str], field: str) -> list[UUID]:
    """The public ids that boxes of a form stand for. Raises InvalidError."""
    if not all(map(is_uuid, texts)):
        raise InvalidError(field, "must be chosen from the list")
    return [UUID(text) for text in texts]
