"""What the server was like when the check passed last, and what it was like this time, fact by fact. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from controller.kinds import words_of
from controller.model import CheckRecord
from shared.wire.messages import Speaker

_NAMES = (
    ("greeting", "Banner"),
    ("tlsVersion", "TLS version"),
    ("tlsCipher", "TLS cipher"),
    ("certificateSubject", "Certificate"),
    ("certificateNames", "Certificate's names"),
    ("certificateIssuer", "Certificate's issuer"),
    ("certificateSerial", "Certificate's serial number"),
    ("certificateNotAfter", "Certificate's end"),
    ("certificateValid", "Certificate is valid"),
)
_OFFER = re.compile(r"(?:250[- ]AUTH[ =]|SASL )(.+)", re.IGNORECASE)
_IMAP_ANNOUNCES = re.compile(r"\[?CAPABILITY ([^\]]+)")
_CODE = re.compile(r"\A250[- ]")
_IMAP_OFFER = re.compile(r"AUTH=(\S+)", re.IGNORECASE)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A fact of both checks; `mark` is same, differs or "not reached". `gone` and `new` are the items of a list that
    are only in the good one, or only in the other.
    """

    name: str
    good: str
    bad: str
    mark: str
    gone: list[str] = []
    new: list[str] = []


def differences(good: CheckRecord, bad: CheckRecord, kind: str) -> list[Difference]:
    """The facts that at least one of the checks found out, what differs first."""
    found = list(_all(good, bad, words_of(kind).facts))
    return sorted(found, key=lambda one: ("differs", "not reached", "same").index(one.mark))


def _all(good: CheckRecord, bad: CheckRecord, own: Mapping[str, str]) -> Iterator[Difference]:
    yield from _compared("Address", good.address, bad.address)
    for key, name in (*_NAMES, *own.items()):
        yield from _compared(name, good.facts.get(key), bad.facts.get(key))
    if ("tlsVersion" in good.facts) is ("tlsVersion" in bad.facts):
        yield from _compared("Capabilities", good.facts.get("capabilities"), bad.facts.get("capabilities"))
    else:  # one of the facts is of before TLS, so only the first announcements are comparable
        yield from _compared("Capabilities before TLS", announced(good), announced(bad))
    yield from _compared("Ways to log in", login_ways(good), login_ways(bad))


def _compared(name: str, good: Any, bad: Any) -> Iterator[Difference]:
    """Nothing when neither check got so far. A check that ended before lists no capabilities, which says nothing."""
    good, bad = (None if value == [] else value for value in (good, bad))
    if good is None and bad is None:
        return
    gone, new = list[str](), list[str]()
    if isinstance(good, list) and isinstance(bad, list):
        gone = [item for item in good if item not in bad]
        new = [item for item in bad if item not in good]
        differs = bool(gone or new)
    else:
        differs = good != bad
    mark = "not reached" if bad is None else "differs" if differs else "same"
    yield Difference(name=name, good=_text(good), bad=_text(bad), mark=mark, gone=gone, new=new)


def announced(check: CheckRecord) -> list[str]:
    """The capabilities that the server announced first, before any TLS by STARTTLS."""
    found, answers = list[str](), False
    for line in check.transcript:
        if line.speaker is Speaker.CLIENT:
            if found:
                break
            answers = line.text.upper().startswith(("EHLO", "CAPA"))
        elif line.speaker is Speaker.SERVER:
            imap = _IMAP_ANNOUNCES.search(line.text)
            if imap:
                return sorted(set(imap[1].upper().split()))
            if answers and line.text != ".":
                found.append(_CODE.sub("", line.text).partition(" ")[0].upper())
    return sorted(set(found[1:]))  # the first line is the server's name or +OK


def login_ways(check: CheckRecord) -> list[str]:
    """The mechanisms that the server offered last, under TLS if it came to that."""
    offered: Sequence[str] = ()
    for line in check.transcript:
        if line.speaker is Speaker.SERVER:
            whole = _OFFER.match(line.text)
            offered = (whole[1].split() if whole else _IMAP_OFFER.findall(line.text)) or offered
    return sorted(set(offered))


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
