"""By what checks remember something of a server: digests, so that no password stays in memory after its monitor."""

from __future__ import annotations

from hashlib import blake2b
from secrets import token_bytes

import msgspec

from shared.wire.targets import Login, Server

_KEY = token_bytes(32)
_BYTES = 16


def key_of_account(server: Server) -> bytes:
    """Changes with host, port and login: with a corrected password it is another account."""
    return _digest((server.host, server.port), server.login)


def key_of_dialogue(server: Server) -> bytes:
    """Changes with all that decides what a check says and to whom: address, TLS, login, mailbox, recipient."""
    return _digest(msgspec.structs.replace(server, login=None), server.login)


def _digest(about: object, login: Login | None) -> bytes:
    secret = None if login is None else (login.user, login.password.reveal(), login.bearer)
    return blake2b(msgspec.json.encode((about, secret)), key=_KEY, digest_size=_BYTES).digest()
