"""Files with an installation's keys: enrolment of a location, trust file, NATS credentials."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

from controller.trust import keys
from controller.trust.keys import TrustError, new_trust
from shared.nats.credentials import CredentialsError, parse
from shared.private_files import private_text
from shared.secret import Secret
from shared.wire import enrolment
from shared.wire.enrolment import Enrolment, EnrolmentError
from tests.fuzz.golden import NESTED

_ENROLMENT = Enrolment(
    location="de-nbg",
    country="DE",
    nats_url="tls://nats.example.com:4222",
    sealing_key=Secret("c2VjcmV0"),
    nats_credentials=Secret("-----BEGIN NATS USER JWT-----"),
    verify_keys=["a"],
)
_CREDENTIALS = (
    "-----BEGIN NATS USER JWT-----\na.b.c\n------END NATS USER JWT------\n"
    "-----BEGIN USER NKEY SEED-----\nSUAA\n------END USER NKEY SEED------\n"
)

SEEDS = (
    private_text(_ENROLMENT).encode(),
    private_text(new_trust()).encode(),
    _CREDENTIALS.encode(),
    NESTED,
    b"\xff\xfe",
    b'{"version": 1}',
)


def check(data: bytes) -> None:
    """Each file is read, or refused by its own error, which names the file and holds no secret."""
    with NamedTemporaryFile() as file:
        path = Path(file.name)
        path.write_bytes(data)
        try:
            read = enrolment.read(path)
        except EnrolmentError as error:
            assert str(path) in str(error)
        else:
            # Not a search for the key: other fields may hold the same text.
            assert "sealing_key=Secret(********)" in repr(read)
            assert private_text(read)
        try:
            keys.read(path)
        except TrustError as error:
            assert str(path) in str(error)
    try:
        credentials = parse(data.decode("utf-8", "replace"))
    except CredentialsError:
        return
    assert parse(credentials.text().reveal()) == credentials
