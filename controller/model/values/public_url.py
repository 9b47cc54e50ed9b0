"""MAILPROBE_PUBLIC_URL: where people reach this installation. The Host header of a request is never used for links."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from shared.host_names import is_host

_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


class PublicUrl:
    """The address without a slash at its end; without a setting there is none, and links cannot be written outside of
    pages. Raises ValueError.
    """

    __slots__ = ("path", "url")

    def __init__(self, text: str = "") -> None:
        if text and not _is_address(text.rstrip("/")):
            raise ValueError("must be a URL such as https://mailprobe.example.com")
        self.url = text.rstrip("/")
        self.path = urlsplit(self.url).path

    @property
    def encrypted(self) -> bool:
        """Whether people reach the installation over HTTPS only."""
        return self.url.startswith("https://")

    def link(self, path: str) -> str | None:
        """The whole address of a path, for mails and messages."""
        return f"{self.url}{path}" if self.url else None


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        wrong = parts.port == 0 or not is_host(parts.hostname or "")
    except ValueError:
        return False
    wrong |= parts.scheme not in {"http", "https"} or parts.username is not None or "?" in text or "#" in text
    return not wrong and text.isprintable() and _PATH.fullmatch(parts.path) is not None
