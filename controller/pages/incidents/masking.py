"""Hides what could be a secret in names and errors of channels: a webhook's URL is a password. Pure."""

from __future__ import annotations

import re

_URL = re.compile(r"\b([a-z][a-z0-9+.-]{1,20}://)(?:[^\s/@]*@)?([^\s/?#@\"'<>]*)[^\s\"'<>]*", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9+/=_:.-]{20,}")
_SHOWN = 4


def masked(text: str) -> str:
    """The text without the paths and logins of URLs, and without what is long and random enough to be a token. Host
    names and addresses stay.
    """
    return _TOKEN.sub(_without_token, _URL.sub(r"\1\2/…", text))


def _without_token(found: re.Match[str]) -> str:
    text = found[0]
    longest = max((part for part in re.split(r"[.:/]", text)), key=len)
    mixed = any(letter.isdigit() for letter in longest) and any(letter.isalpha() for letter in longest)
    digits = sum(letter.isdigit() for letter in text)
    if (len(longest) >= 16 and mixed) or (digits >= 8 and ":" in text):
        return f"{text[:_SHOWN]}…"
    return text
