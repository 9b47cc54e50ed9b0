"""What agents send is signed with their location's login key: a result's signature is not valid for anything else."""

from __future__ import annotations

import json

import nkeys as library
import pytest

from shared.nats.credentials import Credentials
from shared.nats.location_signing import HEARTBEAT, RESULT, LocationSigner, signing_user, verify_location
from shared.nats.nkeys import Role, new_seed
from shared.secret import Secret
from shared.wire.signing import SIGNATURE, WrongSignatureError, signed_bytes

SEED = Secret("SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y")
SUBJECT = "mailprobe.result.de.de-nbg"
BODY = b'{"checkId":"8c1b2f0e-5f0e-5f5c-9f57-6f0d4f2c1a3b"}'
USER = "UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK"
SIGNED = "nz0nzq23hp7UNGuMHPi75decc+rGK/HkD+/ruKR6B37BJH0uJXsEFZocd4OvMByKGIN/rT1ELCuVmGr0oBTlAA=="
BEATEN = "s4Tq6FxqcxEiCdliyL80ddhTnUnyoXby5XSlaJeaT5kMYXaRYokj1OFJxGDQ1dko2qpaKFUMJlq/zlZ1DGQtBA=="


def test_what_is_on_the_wire_does_not_change() -> None:
    """A controller of another version must be able to verify it."""
    signer = LocationSigner(SEED)
    assert signer.user == USER == library.from_seed(bytearray(SEED.reveal().encode())).public_key.decode()
    assert signer.result(SUBJECT, BODY) == {SIGNATURE: f"{USER}:{SIGNED}"}
    assert signer.heartbeat(SUBJECT, BODY) == {SIGNATURE: f"{USER}:{BEATEN}"}
    verify_location(RESULT, SUBJECT, BODY, f"{USER}:{SIGNED}")
    verify_location(HEARTBEAT, SUBJECT, BODY, f"{USER}:{BEATEN}")
    assert signing_user(f"{USER}:{SIGNED}") == USER


def test_the_whole_body_is_signed_however_many_results_it_holds() -> None:
    body = b"[" + BODY + b"," + BODY + b"]"
    signature = LocationSigner(SEED).result(SUBJECT, body)[SIGNATURE]
    verify_location(RESULT, SUBJECT, body, signature)
    for place in range(len(body)):
        changed = bytearray(body)
        changed[place] ^= 1
        with pytest.raises(WrongSignatureError):
            verify_location(RESULT, SUBJECT, bytes(changed), signature)


@pytest.mark.parametrize(
    ("context", "subject", "body"),
    [
        pytest.param(HEARTBEAT, SUBJECT, BODY, id="as a heartbeat"),
        pytest.param(b"mailprobe request 1", SUBJECT, BODY, id="as a request"),
        pytest.param(RESULT, "mailprobe.result.de.de-fra", BODY, id="on another subject"),
        pytest.param(RESULT, SUBJECT[:-1], b"g" + BODY, id="with a letter moved to the body"),
    ],
)
def test_it_holds_for_nothing_else(context: bytes, subject: str, body: bytes) -> None:
    with pytest.raises(WrongSignatureError):
        verify_location(context, subject, body, f"{USER}:{SIGNED}")


@pytest.mark.parametrize("context", [RESULT, HEARTBEAT])
def test_a_server_cannot_have_a_message_signed_as_the_nonce_of_a_login(context: bytes) -> None:
    """The login is signed with the same key, and whoever has taken over a server chooses its nonce."""
    login = Credentials(jwt="", seed=SEED, user=USER)
    nonce = json.loads(json.dumps(signed_bytes(context, SUBJECT, BODY).decode(errors="replace")))
    with pytest.raises(WrongSignatureError):
        verify_location(context, SUBJECT, BODY, f"{USER}:{login.sign(nonce).decode()}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        USER,
        f"{USER}:",
        f"{USER}:ä",
        f"{USER}:AAAA",
        f"ü:{SIGNED}",
        f"{USER[:-1]}:{SIGNED}",
        f"{'U' * 9999}:{SIGNED}",
    ],
)
def test_what_is_no_signature_is_refused(text: str) -> None:
    with pytest.raises(WrongSignatureError):
        verify_location(RESULT, SUBJECT, BODY, text)


def test_another_keys_signature_is_refused_under_this_name() -> None:
    other = LocationSigner(new_seed(Role.USER)).result(SUBJECT, BODY)[SIGNATURE].partition(":")[2]
    with pytest.raises(WrongSignatureError):
        verify_location(RESULT, SUBJECT, BODY, f"{USER}:{other}")


def test_only_a_users_seed_signs() -> None:
    with pytest.raises(ValueError, match="role"):
        LocationSigner(new_seed(Role.ACCOUNT))
