"""Reads the addresses from the config of an e-mail or text message channel, without duplicates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_EMAIL = re.compile(r"[^\s\x00-\x1f\x7f@,;<>\"()\[\]\\]{1,64}@[^\s\x00-\x1f\x7f@,;<>\"()\[\]\\]{1,255}")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164


def email_addresses(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses under `email` and `to`: a text, a text with commas, or a list. Invalid ones are left out."""
    return tuple(dict.fromkeys(text for text in _texts(config, "email", "to") if _EMAIL.fullmatch(text)))


def phone_numbers(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The numbers under `phoneNumber`, without their spaces and dashes. Invalid ones are left out."""
    numbers = (re.sub(r"[\s()/.-]", "", text) for text in _texts(config, "phoneNumber"))
    return tuple(dict.fromkeys(text for text in numbers if _PHONE.fullmatch(text)))


def _texts(config: Mapping[str, Any], *names: str) -> Iterator[str]:
    for name in names:
        value = config.get(name)
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield from (part.strip() for part in re.split(r"[,;]", text))
