"""An attempt to sign in, as the browser keeps it until the provider sends the person back: sealed, so that nobody reads
or changes it, and only for one browser and ten minutes.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import msgspec

from controller.sign_on.code_flow import Proofs
from controller.vault import Vault, VaultError
from shared.epoch import to_ms
from shared.secret import Secret

LIFE = timedelta(minutes=10)
_BYTES = 32
_LONGEST_PATH = 1500
_PURPOSE = "sign-on"


class SignOnAttempt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`issuer` is the SHA-256 of the provider's, `following` the path of the page that follows the login, and
    `expires_at` is in milliseconds since 1970. Browsers keep a cookie of 4 KiB at most.
    """

    purpose: str
    organization_id: int
    issuer: str
    proofs: Proofs
    following: str
    expires_at: int


def new_attempt(organization_id: int, issuer: str, following: str, now: datetime) -> SignOnAttempt:
    return SignOnAttempt(
        purpose=_PURPOSE,
        organization_id=organization_id,
        issuer=_digest(issuer),
        proofs=Proofs(*(secrets.token_urlsafe(_BYTES) for _ in Proofs._fields)),
        following=following if len(following.encode()) <= _LONGEST_PATH else "/",
        expires_at=to_ms(now + LIFE),
    )


def sealed(vault: Vault, attempt: SignOnAttempt) -> Secret:
    """The value of the browser's cookie."""
    return Secret(vault.encrypt(msgspec.to_builtins(attempt)))


def opened(vault: Vault, cookie: str | None, state: str, now: datetime) -> SignOnAttempt | None:
    """The attempt that this cookie and the provider's `state` belong to; None when there is none, or no longer."""
    try:
        attempt = msgspec.convert(vault.decrypt(cookie), SignOnAttempt)
    except (VaultError, msgspec.ValidationError):
        return None
    ours = attempt.purpose == _PURPOSE and secrets.compare_digest(attempt.proofs.state.encode(), state.encode())
    return attempt if ours and to_ms(now) < attempt.expires_at else None


def is_of(attempt: SignOnAttempt, organization_id: int, issuer: str) -> bool:
    """Whether it began with this provider of this organization."""
    return (attempt.organization_id, attempt.issuer) == (organization_id, _digest(issuer))


def _digest(issuer: str) -> str:
    return hashlib.sha256(issuer.encode()).hexdigest()
