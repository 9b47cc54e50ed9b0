"""Text of a server made fit for a result: printable, and without the password it was sent."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

from shared.messages import Fact
from shared.targets import Login

HIDDEN = "********"
LONGEST_DETAIL = 500

_CONTROL = dict.fromkeys((*range(32), *range(127, 160)), " ")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{4,}={0,2}")


def printable(raw: bytes) -> str:
    """UTF-8 where it is (SMTPUTF8), a mark where it is not; every control character becomes a space."""
    return raw.decode("utf-8", "replace").translate(_CONTROL)


class Scrubber:
    """Hides one login's password, also as the base64 of SASL, alone or inside a longer message of a mechanism."""

    def __init__(self, login: Login | None) -> None:
        self._password = login.password.reveal().encode() if login else b""
        self._forms = [printable(self._password), b64encode(self._password).decode()] if self._password else []

    def hide(self, text: str) -> str:
        """`text` without the password."""
        if self._password:
            for form in self._forms:
                text = text.replace(form, HIDDEN)
            text = _BASE64.sub(self._unless_innocent, text)
        return text

    def clean(self, text: str) -> str:
        """At most LONGEST_DETAIL characters of `text`, without the password."""
        return self.hide(text)[:LONGEST_DETAIL]

    def clean_fact(self, fact: Fact) -> Fact:
        if isinstance(fact, str):
            return self.clean(fact)
        if isinstance(fact, list):
            return [self.clean(item) for item in fact]
        return fact

    def _unless_innocent(self, found: re.Match[str]) -> str:
        token = found[0].rstrip("=")
        decoded = b64decode(token + "=" * (-len(token) % 4)) if len(token) % 4 != 1 else b""
        return HIDDEN if self._password in decoded else found[0]
