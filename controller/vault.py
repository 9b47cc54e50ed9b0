"""The key ring that encrypts secrets in the database, and the stored, clear and masked forms of a config.

A secret is any value under a key whose name looks like a secret's. In storage the value is replaced by the Fernet token
of its JSON text (AES-CBC with HMAC). `reveal` and `mask` make the forms that callers see.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from controller.errors import InvalidError
from controller.kinds import BY_NAME, Configured, configured_logins
from shared.secret import Secret
from shared.wire.targets import Login

MASK = "********"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SECRET = re.compile(
    r"pass|pwd|authorization|cookie|\w*(?:password|passwd|passphrase|passcode|secret|token"
    r"|(?:api|access|auth|private|routing|integration|user)key)s?"
)

_WHOLE_NAMES = frozenset({"key", "pfx"})  # a client's private key in Node's TLS options
_NAMED_BY_KINDS = frozenset(name for kind in BY_NAME.values() for name in kind.secrets)


class VaultError(Exception):
    """A stored secret cannot be decrypted: its key is missing from the ring, or it is damaged."""


class VaultKeys:
    """Fernet keys from a setting, separated by commas or spaces. The first encrypts, all decrypt. Never printed."""

    __slots__ = ("first", "ring", "secret")

    def __init__(self, text: str) -> None:
        """Raises ValueError, whose message does not hold the text."""
        keys = text.replace(",", " ").split()
        try:
            ring = [Fernet(key) for key in keys]
            self.ring = MultiFernet(ring)
            self.first = ring[0]
            self.secret = keys[0].encode()
        except ValueError:
            message = "must be one or more keys as `mailprobe-controller new-vault-key` prints them"
            raise ValueError(message) from None

    def __repr__(self) -> str:
        return "VaultKeys(********)"


def new_key() -> Secret:
    return Secret(Fernet.generate_key().decode())


def is_secret(name: str) -> bool:
    """Whether a key of a config is named like a secret (`pass`, `smtpPassword`, `access_token`, `routingKey` …), or a
    kind of monitor says that it is one.
    """
    if name.lower() in _WHOLE_NAMES or name in _NAMED_BY_KINDS:
        return True
    words = [word.lower() for word in _WORD.findall(name)]
    return any(_SECRET.fullmatch(text) for text in (*words[-1:], "".join(words)))


class Vault:
    def __init__(self, keys: VaultKeys) -> None:
        self._ring = keys.ring
        self._first = keys.first
        self._secret = keys.secret

    def derived(self, purpose: str) -> str:
        """A secret of this installation for one purpose, in hex; another one after the first key has changed."""
        return hmac.new(self._secret, purpose.encode(), hashlib.sha256).hexdigest()

    def encrypt(self, value: object) -> str:
        return self._ring.encrypt(msgspec.json.encode(value)).decode()

    def decrypt(self, stored: object) -> Any:
        """Raises VaultError."""
        if not isinstance(stored, str):
            raise VaultError("a stored secret is not encrypted")
        try:
            return msgspec.json.decode(self._ring.decrypt(stored.encode()))
        except (InvalidToken, msgspec.MsgspecError) as error:
            raise VaultError("a stored secret cannot be read with the keys of MAILPROBE_VAULT_KEYS") from error

    def conceal(self, config: dict[str, Any], previous: dict[str, Any] | None, *, field: str) -> dict[str, Any]:
        """The form for storage. A mask keeps the secret that `previous` has at the same path. An unchanged secret keeps
        its stored form, so that equal configs stay equal. Raises InvalidError for a mask without a stored secret.
        """
        return self._conceal_object(config, previous, field)

    def reveal(self, config: dict[str, Any]) -> dict[str, Any]:
        """A stored config in clear, for checks and for callers that may write it. Raises VaultError."""
        return {name: _mapped(name, item, self.decrypt) for name, item in config.items()}

    def renew(self, config: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """A stored config with every secret encrypted by the first key, and how many changed. Raises VaultError."""
        renewed = 0

        def by_first_key(stored: object) -> str:
            nonlocal renewed
            if not isinstance(stored, str):
                raise VaultError("a stored secret is not encrypted")
            try:
                self._first.decrypt(stored.encode())
            except InvalidToken:
                renewed += 1
                return self.encrypt(self.decrypt(stored))
            return stored

        return {name: _mapped(name, item, by_first_key) for name, item in config.items()}, renewed

    def _conceal(self, value: Any, previous: Any, path: str) -> Any:
        if isinstance(value, dict):
            return self._conceal_object(value, previous, path)
        if isinstance(value, list):
            stored = previous if isinstance(previous, list) else []
            return [
                self._conceal(item, stored[index] if index < len(stored) else None, f"{path}[{index}]")
                for index, item in enumerate(value)
            ]
        return value

    def _conceal_object(self, value: dict[str, Any], previous: Any, path: str) -> dict[str, Any]:
        stored = previous if isinstance(previous, dict) else {}
        return {
            name: self._conceal_secret(item, stored.get(name), f"{path}.{name}")
            if _holds_secret(name, item)
            else self._conceal(item, stored.get(name), f"{path}.{name}")
            for name, item in value.items()
        }

    def _conceal_secret(self, value: Any, stored: Any, path: str) -> Any:
        if value == MASK:
            if _is_empty(stored):
                raise InvalidError(path, "is masked, and there is no stored value to keep")
            return stored
        if not _is_empty(stored):
            try:
                if self.decrypt(stored) == value:
                    return stored
            except VaultError:
                pass  # unreadable: the new value replaces it
        return self.encrypt(value)


def mask(config: dict[str, Any], *, by: str | None = MASK) -> dict[str, Any]:
    """A config, stored or clear, with every secret replaced, for callers that may only read it."""
    return {name: _mapped(name, item, lambda _: by) for name, item in config.items()}


def logins_of(monitor: Configured, vault: Vault) -> dict[str, Login]:
    """The logins of a stored monitor by name. Raises InvalidError, VaultError."""
    found: dict[str, Login] = {}
    for name, login in configured_logins(monitor).items():
        secret = vault.decrypt(login.secret)
        if isinstance(secret, str) and secret:
            found[name] = Login(login.user, Secret(secret), login.bearer)
    return found


def _mapped(name: str, value: Any, convert: Callable[[Any], Any]) -> Any:
    """The value under a name, with `convert` applied to each secret in it."""
    if _holds_secret(name, value):
        return convert(value)
    if isinstance(value, dict):
        return {inner: _mapped(inner, item, convert) for inner, item in value.items()}
    if isinstance(value, list):
        return [_mapped("", item, convert) for item in value]
    return value


def _holds_secret(name: str, value: Any) -> bool:
    return not _is_empty(value) and is_secret(name)


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})
