"""Secrets of a form that comes back to its person, for a mistake or after a test, are sealed: the browser gets them
encrypted, so that nobody has to type them again and no page shows one. They are good for this person and form only, and
for an hour.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from controller.model import Principal
from controller.vault import Vault, VaultError
from shared.epoch import to_ms

_MILLISECONDS = 3_600_000


class _Sealed(msgspec.Struct, frozen=True, array_like=True):
    whose: str
    until_ms: int
    secrets: dict[str, Any]


def seal(vault: Vault, principal: Principal, about: str, secrets: dict[str, Any], now: datetime) -> str:
    """`about` is what the form is of, such as the type of a channel and its id. Empty without a secret."""
    if not secrets:
        return ""
    return vault.encrypt(_Sealed(_whose(principal, about), to_ms(now) + _MILLISECONDS, secrets))


def unseal(vault: Vault, principal: Principal, about: str, text: str, now: datetime) -> dict[str, Any]:
    """Nothing when the text is old, damaged or of another form."""
    if not text:
        return {}
    try:
        found = msgspec.convert(vault.decrypt(text), _Sealed)
    except (VaultError, msgspec.ValidationError):
        return {}
    if found.whose != _whose(principal, about) or found.until_ms < to_ms(now):
        return {}
    return found.secrets


def _whose(principal: Principal, about: str) -> str:
    return f"settings form {principal.works_in} {principal.name} {about}"
