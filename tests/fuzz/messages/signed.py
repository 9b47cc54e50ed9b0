"""What is signed or sealed: JWTs of the broker, nkeys, signatures of requests, sealed logins, stored secrets."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from controller.trust import jwt
from controller.vault import Vault, VaultError, VaultKeys, new_key
from shared.nats import nkeys
from shared.nats.nkeys import NkeyError, Role
from shared.secret import Secret
from shared.wire.sealing import SealError, open_login, seal_login
from shared.wire.signing import SIGNATURE, UnknownKeyError, WrongSignatureError
from shared.wire.targets import Login
from tests.fakes.context import PRIVATE_KEY, PUBLIC_KEY
from tests.fakes.installation import SIGNER, VERIFIER
from tests.fuzz.golden import NESTED

_ISSUER = nkeys.new_seed(Role.ACCOUNT)
_USER = nkeys.public_key(nkeys.new_seed(Role.USER))
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_MONITOR = UUID("33333333-3333-4333-8333-333333333333")
_SUBJECT, _BODY = "mailprobe.check.de.de.smtp", b"{}"
_SIGNATURE = SIGNER.headers(_SUBJECT, _BODY)[SIGNATURE]
_vault = Vault(VaultKeys(new_key().reveal()))

SEEDS = (
    jwt.sign(_ISSUER, _USER, "name", {"pub": {}}, _NOW).encode(),
    jwt.sign(nkeys.new_seed(Role.ACCOUNT), _USER, "name", {}, _NOW, _NOW).encode(),
    _ISSUER.reveal().encode(),
    _USER.encode(),
    _SIGNATURE.encode(),
    seal_login(Login("anna", Secret("x")), PUBLIC_KEY, monitor=_MONITOR, location="de"),
    _vault.encrypt({"a": [1]}).encode(),
    b"e30." + NESTED.hex().encode() + b".AAAA",
)


def check(data: bytes) -> None:
    """Only what was signed or sealed by our keys is taken; all else is refused by the documented errors."""
    text = data.decode("utf-8", "replace")
    claims = jwt.read(text, _ISSUER)
    assert claims is None or claims.iss == nkeys.public_key(_ISSUER)
    with suppress(NkeyError):
        assert nkeys.is_signed(nkeys.public_key(Secret(text)), data, nkeys.sign(Secret(text), data))
    with suppress(NkeyError):
        assert not nkeys.is_signed(text, data, data)
    with suppress(UnknownKeyError, WrongSignatureError):
        VERIFIER.verify(_SUBJECT, _BODY, text)
        assert text == _SIGNATURE
    with suppress(SealError):
        assert open_login(data, PRIVATE_KEY, monitor=_MONITOR, location="de").user == "anna"
    with suppress(VaultError):
        assert _vault.decrypt(text) == {"a": [1]}
