"""Tokens of links in messages, each of which is a permission. Only their SHA-256 is stored."""

from __future__ import annotations

import hashlib
import re
import secrets

from shared.secret import Secret

_BYTES = 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


def new_link_token() -> Secret:
    """128 random bits."""
    return Secret(secrets.token_urlsafe(_BYTES))


def is_link_token(text: str) -> bool:
    """Whether it has the form of one."""
    return _TOKEN.fullmatch(text) is not None


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
