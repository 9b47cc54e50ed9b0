"""The login of a NATS client: a JWT with its permissions, and the nkey seed that proves that the JWT is its own.

The text form is that of `.creds` files, which every NATS client reads.
"""

from __future__ import annotations

import re
from base64 import b64encode

import msgspec

from shared.nats.nkeys import NkeyError, Role, public_key, sign
from shared.secret import Secret

_PART = re.compile(r"-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9_.=-]+)\s+-{5,6}END \1-{5,6}")
_JWT = "NATS USER JWT"
_SEED = "USER NKEY SEED"
_WARNING = "Anybody who has this file can log in with it: protect it like a password."


class CredentialsError(ValueError):
    """The text is not that of a `.creds` file; the message does not repeat it."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """`seed` is the private key; `user` is its public key, which begins with U."""

    jwt: str
    seed: Secret
    user: str

    def sign(self, nonce: str) -> bytes:
        """The signature of the server's nonce (base64), as CONNECT needs it."""
        return b64encode(sign(self.seed, nonce.encode()))

    def text(self) -> Secret:
        """The text of a `.creds` file."""
        return Secret(
            f"-----BEGIN {_JWT}-----\n{self.jwt}\n------END {_JWT}------\n\n# {_WARNING}\n\n"
            f"-----BEGIN {_SEED}-----\n{self.seed.reveal()}\n------END {_SEED}------\n"
        )


def parse(text: str) -> Credentials:
    """Read a `.creds` file's text. Raises CredentialsError."""
    parts = dict(_PART.findall(text))
    if _JWT not in parts or _SEED not in parts:
        raise CredentialsError(f"must hold a {_JWT} and a {_SEED}")
    seed = Secret(parts[_SEED])
    try:
        user = public_key(seed, Role.USER)
    except NkeyError as error:
        raise CredentialsError(f"the {_SEED} is not that of a user") from error
    return Credentials(jwt=parts[_JWT], seed=seed, user=user)
