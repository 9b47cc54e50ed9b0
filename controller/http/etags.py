"""Entity tags of our own API (RFC 9110, sections 8.8.3 and 13.1): an answer's tag changes with what may be changed in
it, so a change can name the state that it was made for.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from litestar import Request, Response

from controller.errors import PreconditionFailedError

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")

_BYTES = 12


def etag_of(answer: msgspec.Struct) -> str:
    """A strong entity tag. The fields in the class's `UNTAGGED` do not count: they change by themselves."""
    untagged: frozenset[str] = getattr(answer, "UNTAGGED", frozenset())
    counted = {name: value for name, value in msgspec.structs.asdict(answer).items() if name not in untagged}
    digest = hashlib.sha256(msgspec.json.encode(counted)).digest()[:_BYTES]
    return f'"{urlsafe_b64encode(digest).decode()}"'


def tagged(request: Request[Any, Any, Any], answer: S, *, status_code: int = HTTPStatus.OK) -> Response[Any]:
    """The answer with its ETag; 304 without a body when If-None-Match of a read names it."""
    etag = etag_of(answer)
    if request.method in {"GET", "HEAD"} and _names(request.headers.get("if-none-match"), etag, weak=True):
        return Response(None, status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})
    return Response(answer, status_code=status_code, headers={"ETag": etag})


def created(request: Request[Any, Any, Any], answer: S, path: str) -> Response[Any]:
    """The answer about a new object, with its ETag and the path where it is read."""
    response = tagged(request, answer, status_code=HTTPStatus.CREATED)
    response.headers["Location"] = path
    return response


def matching(request: Request[Any, Any, Any], answer_of: Callable[[T], msgspec.Struct]) -> Callable[[T], None]:
    """`require_match` for an operation that calls it with the object as it is now; reads answer it as `answer_of`."""
    return lambda found: require_match(request, answer_of(found))


def require_match(request: Request[Any, Any, Any], current: msgspec.Struct) -> None:
    """Check `current`, the object as it is now, as its reads answer it, against If-Match and If-None-Match of a change.
    A caller that sends neither takes any state. To be asked while the object is locked. Raises PreconditionFailedError.
    """
    named, refused = request.headers.get("if-match"), request.headers.get("if-none-match")
    if named is None and refused is None:
        return
    etag = etag_of(current)
    if (named is not None and not _names(named, etag, weak=False)) or _names(refused, etag, weak=True):
        raise PreconditionFailedError(current, etag)


def require_no_match(request: Request[Any, Any, Any]) -> None:
    """Check a request for an object that is yet to be made: If-Match names none. Raises PreconditionFailedError."""
    if request.headers.get("if-match") is not None:
        raise PreconditionFailedError(None, None)


def _names(header: str | None, etag: str, *, weak: bool) -> bool:
    if header is None:
        return False
    tags = [tag.strip() for tag in header.split(",")]
    return "*" in tags or etag in tags or (weak and f"W/{etag}" in tags)
