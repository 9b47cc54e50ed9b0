"""MAILPROBE_PUBLIC_URL: where people reach this installation. The Host header of a request is never used for links."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


class PublicUrl:
    """The address without a slash at its end; without a setting there is none, and links cannot be written outside of
    pages. Raises ValueError.
    """

    __slots__ = ("path", "url")

    def __init__(self, text: str = "") -> None:
        parts = urlsplit(text.rstrip("/"))
        wrong = parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment
        if text and (wrong or parts.username is not None or not _PATH.fullmatch(parts.path)):
            raise ValueError("must be a URL such as https://mailprobe.example.com")
        self.url = text.rstrip("/")
        self.path = parts.path

    @property
    def encrypted(self) -> bool:
        """Whether people reach the installation over HTTPS only."""
        return self.url.startswith("https://")

    def link(self, path: str) -> str | None:
        """The whole address of a path, for mails and messages."""
        return f"{self.url}{path}" if self.url else None
