"""Hides what could be a secret in names and errors of channels: a webhook's URL is a password. Pure."""

from __future__ import annotations

import re

_URL = re.compile(r"\b([a-z][a-z0-9+.-]{1,20})://(?:[^\s/@]*@)?([^\s/?#@\"'<>]*)[^\s\"'<>]*", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9+/=_:.-]{20,}")
_SHOWN = 4
_SHORTEST = 16


def masked(text: str) -> str:
    """The text without the paths and logins of URLs, and without what is long and random enough to be a token. Host
    names and addresses stay.
    """
    return _TOKEN.sub(_without_token, _URL.sub(_without_path, text))


def _without_path(found: re.Match[str]) -> str:
    """Only of web addresses the host is shown: the other schemes have keys where hosts are."""
    scheme, host = found[1], found[2]
    return f"{scheme}://{host}/…" if scheme.lower() in {"http", "https"} else f"{scheme}://…"


def _without_token(found: re.Match[str]) -> str:
    text = found[0]
    longest = max(re.split(r"[.:/]", text), key=len)
    mixed = any(letter.isdigit() for letter in longest) and any(letter.isalpha() for letter in longest)
    return f"{text[:_SHOWN]}…" if len(longest) >= _SHORTEST and mixed else text
