"""What may be shown of a URL whose path lets anybody in who knows it, as that of an incoming webhook does."""

from __future__ import annotations

from urllib.parse import urlsplit


def origin(url: str) -> str:
    """The scheme and host of a URL, as in "https://hooks.example.com/…"."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "…"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"
