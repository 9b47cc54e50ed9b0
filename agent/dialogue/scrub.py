"""Prepares a server's text for a result: makes it printable, and removes passwords from it."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from shared.wire.messages import Fact
from shared.wire.targets import Login

HIDDEN = "********"
LONGEST_DETAIL = 500
MOST_ITEMS = 100
"""How many items of a list in the facts are kept; a hostile server may name thousands of capabilities."""

_CONTROL = dict.fromkeys((*range(32), *range(127, 160)), " ")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{4,}={0,2}")
_URL_SAFE = str.maketrans("-_", "+/")


def printable(raw: bytes) -> str:
    """Decode UTF-8 (SMTPUTF8); invalid bytes become replacement marks and control characters become spaces."""
    text = raw.decode("utf-8", "replace")
    return text if text.isprintable() else text.translate(_CONTROL)


class Scrubber:
    """Hides the passwords of logins in every form: quoted for IMAP, percent-encoded, in hex, or as base64 of SASL,
    alone or anywhere inside a longer message. Case is ignored, because some servers echo in capitals.

    A digest (CRAM-MD5, APOP) does not hold the password, so it is shown.
    """

    __slots__ = ("_folded", "_forms", "_inside", "_passwords")

    def __init__(self, *logins: Login | None) -> None:
        passwords = {login.password.reveal().encode() for login in logins if login is not None}
        self._passwords = tuple(sorted(passwords - {b""}, key=len, reverse=True))
        self._forms = _longest_first({form for each in self._passwords for form in _forms(each)})
        self._inside = _longest_first({part for each in self._passwords for part in _inside_base64(each)})
        self._folded = tuple(form.casefold() for form in self._forms)

    def hide(self, text: str) -> str:
        """`text` without the passwords."""
        if not self._may_hold_password(text):
            return text
        for form in self._forms:
            text = re.sub(re.escape(form), HIDDEN, text, flags=re.IGNORECASE)
        return _BASE64.sub(self._masked, text)

    def is_clean(self, texts: Sequence[str], longest: int) -> bool:
        """Whether none of `texts` is longer than `longest` or may hold a password; one search covers all of them."""
        return not texts or (len(max(texts, key=len)) <= longest and not self._may_hold_password("\n".join(texts)))

    def clean(self, text: str) -> str:
        """At most LONGEST_DETAIL characters of `text`, without the passwords."""
        return self.hide(text)[:LONGEST_DETAIL]

    def clean_facts(self, facts: dict[str, Fact]) -> dict[str, Fact]:
        """The same facts, every text in them cleaned, every list cut to MOST_ITEMS."""
        texts: list[str] = []
        longest_list = 0
        for fact in facts.values():
            if isinstance(fact, str):
                texts.append(fact)
            elif isinstance(fact, list):
                texts.extend(fact)
                longest_list = max(longest_list, len(fact))
        if longest_list <= MOST_ITEMS and self.is_clean(texts, LONGEST_DETAIL):
            return facts
        return {name: self._clean_fact(fact) for name, fact in facts.items()}

    def clean_values(self, value: Any) -> Any:
        """A JSON value without the passwords, at any depth; no text is shortened."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, list):
            return [self.clean_values(item) for item in value]
        if isinstance(value, dict):
            return {self.hide(name): self.clean_values(item) for name, item in value.items()}
        return value

    def _clean_fact(self, fact: Fact) -> Fact:
        if isinstance(fact, str):
            return self.clean(fact)
        if isinstance(fact, list):
            return [self.clean(item) for item in fact[:MOST_ITEMS]]
        return fact

    def _may_hold_password(self, text: str) -> bool:
        """A cheap test. It may be wrong for a text without the password, never for one with it."""
        folded = text.casefold()
        for form in self._folded:
            if form in folded:
                return True
        return any(part in text for part in self._inside)

    def _masked(self, found: re.Match[str]) -> str:
        token = found[0].rstrip("=").translate(_URL_SAFE)
        # The token may begin in the middle of a group of four, because other text precedes it without a gap.
        for skipped in range(4):
            part = token[skipped:]
            part = part[: len(part) - (len(part) % 4 == 1)]
            decoded = b64decode(part + "=" * (-len(part) % 4))
            if any(password in decoded for password in self._passwords):
                return HIDDEN
        return found[0]


def _forms(password: bytes) -> set[str]:
    """The forms in which a password may appear in a text."""
    shown = printable(password)
    backslashed = shown.replace("\\", "\\\\").replace('"', '\\"')  # IMAP's quoted string (RFC 9051 section 4.3)
    hexadecimal = password.hex()
    return {shown, backslashed, quote(password), quote(password, safe=""), hexadecimal}


def _inside_base64(password: bytes) -> set[str]:
    """What every base64 text contains that encodes the password inside a longer one, for each of its three possible
    offsets, in both alphabets (RFC 4648). If the password is too short, it is "", which is in every text."""
    parts = set()
    for before in range(3):
        whole = b64encode(b"\0" * before + password).decode().rstrip("=")
        first = -(-before * 8 // 6)
        last = (before + len(password)) * 8 // 6
        parts |= {whole[first:last], whole[first:last].translate(str.maketrans("+/", "-_"))}
    return parts


def _longest_first(forms: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(forms, key=len, reverse=True))
