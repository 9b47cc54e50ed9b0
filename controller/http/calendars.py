"""Answers for calendar programs, which ask again and again for what has not changed."""

from __future__ import annotations

import hashlib
from typing import Any

from litestar import Request, Response

CALENDAR = "text/calendar"


def calendar_answer(request: Request[Any, Any, Any], content: bytes, name: str) -> Response[bytes]:
    """The calendar with its ETag; 304 when the caller has it. `name` is that of its file, without the ending."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Content-Disposition": f'inline; filename="{name}.ics"',
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers, media_type=CALENDAR)
    return Response(content, headers=headers, media_type=CALENDAR)
