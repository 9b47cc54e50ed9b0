"""The paths of requests as logs may hold them."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request

_SECRET = re.compile(r"((?<=/ack/)|(?<=/unsubscribe/))[^/]+")


def logged_path(request: Request[Any, Any, Any]) -> str:
    """The path without the token of a message's link, which is a permission."""
    return _SECRET.sub("********", request.url.path)
