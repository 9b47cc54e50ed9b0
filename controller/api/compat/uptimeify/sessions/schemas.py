"""Sessions as clients send and read them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from controller.api.compat.uptimeify.users.schemas import EXAMPLE as USER
from controller.api.compat.uptimeify.users.schemas import UserAnswer

REFUSED = "Invalid email or password"


class Login(msgspec.Struct, frozen=True, kw_only=True):
    EXAMPLE: ClassVar[dict[str, Any]] = {"email": "person@example.com", "password": "correct horse battery"}

    email: Annotated[str, Meta(examples=["person@example.com"])]
    password: Annotated[str, Meta(extra_json_schema={"format": "password"})]


class SessionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The person that the session belongs to."""

    success: bool
    user: UserAnswer


BODIES = (Login, SessionAnswer)

EXAMPLE: dict[str, Any] = {"success": True, "user": USER}
