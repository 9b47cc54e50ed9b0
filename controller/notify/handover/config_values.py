"""Reads the config of a channel that is handed over to, and makes the requests to its service."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from controller.errors import InvalidError
from controller.notify.webhook.sender import Request

Config = Mapping[str, Any]
_SECONDS = 10.0
_SHORTEST_SECRET = 16
WEBHOOK_SECRET = "webhookSecret"  # noqa: S105 - the name of a key


def text_of(config: Config, name: str) -> str | None:
    value = config.get(name)
    return value.strip() or None if isinstance(value, str) else None


def required(config: Config, name: str, what: str) -> str:
    """Raises InvalidError."""
    value = text_of(config, name)
    if value is None:
        raise InvalidError(f"config.{name}", f"must be {what}")
    return value


def required_key(config: Config, name: str, what: str) -> str:
    """A key that is sent as a header. Raises InvalidError."""
    key = required(config, name, what)
    if not key.isprintable() or not key.isascii():
        raise InvalidError(f"config.{name}", "must hold only printable ASCII characters")
    return key


def url_of(config: Config, name: str, default: str | None = None) -> str:
    """The URL under that name, without a slash at its end. Raises InvalidError."""
    url = text_of(config, name) or default or ""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid or not url.isprintable() or " " in url:
        raise InvalidError(f"config.{name}", "must be an http or https URL")
    return url.rstrip("/")


def check_webhook_secret(config: Config) -> None:
    """Raises InvalidError for a secret that could be guessed."""
    secret = text_of(config, WEBHOOK_SECRET)
    if secret is not None and len(secret) < _SHORTEST_SECRET:
        raise InvalidError(f"config.{WEBHOOK_SECRET}", f"must have at least {_SHORTEST_SECRET} characters")


def post(url: str, body: Any, **headers: str) -> Request:
    """A JSON request. The names of headers have underscores for dashes."""
    return Request(
        method="POST",
        url=url,
        headers={
            "User-Agent": "Mailprobe",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        body=msgspec.json.encode(body),
        timeout=_SECONDS,
    )


def basic(user: str, password: str) -> str:
    """The value of an Authorization header (RFC 7617)."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
