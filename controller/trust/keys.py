"""The keys of an installation, in one file for controllers only. Without it no location can be added or revoked.

The operator key signs the accounts, keys of the accounts sign the users that may log in, and the first request key
signs every check request. Anybody who has the file can pose as any location and any controller.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

import msgspec
from nacl.exceptions import CryptoError
from nacl.signing import SigningKey

from shared.nats.nkeys import NkeyError, Role, new_seed, public_key
from shared.private_files import private_text, read_private_text, write_private
from shared.secret import Secret

_VERSION = 1


class TrustError(ValueError):
    """The trust file is missing or invalid, or exists although a new one is to be made; the message names it."""


class Trust(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Seeds, each with its role. `operator`, the accounts `account` (controllers and streams), `guests` (logins of
    earlier versions) and `system_account` are nkeys, and so is `locations`, the key that signs only agents. The seeds
    of the accounts of locations and subscribers follow from `guests`. `requests` are Ed25519 seeds (base64): the first
    one signs requests, agents accept all of them.
    """

    operator: Secret
    account: Secret
    guests: Secret
    locations: Secret
    system_account: Secret
    requests: list[Secret]
    version: int = _VERSION


class TrustFile:
    """The trust file, as a setting. Raises TrustError."""

    __slots__ = ("path", "value")

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.value = read(self.path)


def new_trust() -> Trust:
    return Trust(
        operator=new_seed(Role.OPERATOR),
        account=new_seed(Role.ACCOUNT),
        guests=new_seed(Role.ACCOUNT),
        locations=new_seed(Role.ACCOUNT),
        system_account=new_seed(Role.ACCOUNT),
        requests=[new_request_key()],
    )


def new_request_key() -> Secret:
    return Secret(b64encode(bytes(SigningKey.generate())).decode())


def verify_keys(trust: Trust) -> list[str]:
    """The public halves of the request keys, base64."""
    return [b64encode(bytes(SigningKey(b64decode(key.reveal())).verify_key)).decode() for key in trust.requests]


def write(path: Path, trust: Trust, *, replace: bool = False) -> None:
    """Write the file atomically, with mode 600. Raises TrustError when it exists (unless `replace`), OSError."""
    if path.exists() and not replace:
        raise TrustError(f"{path} exists already: with new keys no location could log in any more")
    write_private(path, private_text(trust))


def read(path: Path) -> Trust:
    """Raises TrustError."""
    try:
        trust = read_private_text(Trust, path.read_bytes())
    except OSError as error:
        raise TrustError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise TrustError(f"{path}: not a trust file: {error}") from error
    if trust.version != _VERSION:
        raise TrustError(f"{path}: version {trust.version} is not supported by this version of Mailprobe")
    for name, role in (
        *(("operator", Role.OPERATOR), ("account", Role.ACCOUNT), ("guests", Role.ACCOUNT)),
        *(("locations", Role.ACCOUNT), ("system_account", Role.ACCOUNT)),
    ):
        try:
            public_key(getattr(trust, name), role)
        except NkeyError as error:
            raise TrustError(f"{path}: {name}: not the seed of an nkey of that role") from error
    try:
        valid = bool(verify_keys(trust))
    except (CryptoError, ValueError, TypeError):
        valid = False
    if not valid:
        raise TrustError(f"{path}: requests: must be Ed25519 seeds in base64, at least one")
    return trust
