"""`/schema/asyncapi.json` and `/schema/stream`: the description of the event stream, for programs and for people."""

from __future__ import annotations

from functools import cache

import msgspec
from litestar import MediaType, Response, get

from controller.api.asyncapi.document import text
from controller.api.asyncapi.page import page


@get("/asyncapi.json", sync_to_thread=False)
def asyncapi_json() -> Response[bytes]:
    """The AsyncAPI document."""
    return Response(_document(), media_type=MediaType.JSON)


@get("/stream", sync_to_thread=False)
def stream_page() -> Response[bytes]:
    """The same document as a page."""
    return Response(_page(), media_type=MediaType.HTML)


@cache
def _document() -> bytes:
    # Not the file beside this module: an installation may have more kinds of monitor.
    return text().encode()


@cache
def _page() -> bytes:
    return page(msgspec.json.decode(_document())).encode()
