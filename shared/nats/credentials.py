"""What a client of NATS logs in with: a JWT that says what it may do, and the nkey seed that proves the JWT is its own.

The text form is that of `.creds` files, which every NATS client reads.
"""

from __future__ import annotations

import re
from base64 import b64encode

import msgspec

from shared.nats.nkeys import NkeyError, Role, public_key, sign
from shared.wire.targets import Secret

_PART = re.compile(r"-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9_.=-]+)\s+-{5,6}END \1-{5,6}")
_JWT = "NATS USER JWT"
_SEED = "USER NKEY SEED"
_WARNING = "Whoever has this file can log in with it: keep it as a password."


class CredentialsError(ValueError):
    """Not the text of a `.creds` file; the message does not repeat it."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """`seed` is the secret half; `user` is the public key it belongs to, beginning with U."""

    jwt: str
    seed: Secret
    user: str

    def sign(self, nonce: str) -> bytes:
        """The server's nonce, signed (base64), as CONNECT carries it."""
        return b64encode(sign(self.seed, nonce.encode()))

    def text(self) -> Secret:
        """As a `.creds` file."""
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
