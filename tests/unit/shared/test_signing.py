"""A signature holds for one body on one subject, or for one clock reading in answer to one heartbeat, by one key."""

from __future__ import annotations

import string
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import pytest

from controller.trust.keys import new_request_key
from shared.secret import Secret
from shared.wire.signing import SIGNATURE, Signer, UnknownKeyError, Verifier, WrongSignatureError, key_id

# RFC 8032, section 7.1, test 1: a seed and its public key.
SEED = Secret(b64encode(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")).decode())
PUBLIC = b64encode(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")).decode()

SUBJECT = "mailprobe.check.de.de-nbg.smtp"
BODY = b'{"checkId":"8c1b2f0e-5f0e-5f5c-9f57-6f0d4f2c1a3b"}'
NAME = "21fe31dfa154a261"
SIGNED = "rOjWpE2RSWQe6BKxRR1pJyk5KXWmgBP0CqGfNbMSCE0E/JqTTllNY7kRvu7gDFUBmabp4GonlvrRS4BdtDB2DA=="
READING = "d9zhYpSu33ntKP8cVhhO6zax6SXPZ/pg6qXbDDbvNXcW+6UYWIpSff2am8nQXPBNWdjjGe8qVPIFEwSqvGpBCA=="


@pytest.fixture
def signature() -> str:
    return Signer(SEED).headers(SUBJECT, BODY)[SIGNATURE]


def test_what_is_on_the_wire_does_not_change(signature: str) -> None:
    """An agent of another version must be able to verify it."""
    assert Signer(SEED).verify_key == PUBLIC
    assert key_id(PUBLIC) == NAME
    assert signature == f"{NAME}:{SIGNED}"


def test_agents_believe_every_key_they_know(signature: str) -> None:
    other = Signer(new_request_key())
    verifier = Verifier([other.verify_key, PUBLIC])
    verifier.verify(SUBJECT, BODY, signature)
    verifier.verify(SUBJECT, BODY, other.headers(SUBJECT, BODY)[SIGNATURE])


def test_a_key_that_is_not_known_is_not_believed(signature: str) -> None:
    with pytest.raises(UnknownKeyError):
        Verifier([Signer(new_request_key()).verify_key]).verify(SUBJECT, BODY, signature)
    with pytest.raises(UnknownKeyError):
        Verifier([]).verify(SUBJECT, BODY, signature)


@pytest.mark.parametrize("index", range(len(BODY)))
def test_a_changed_body_is_refused(signature: str, index: int) -> None:
    body = bytearray(BODY)
    body[index] ^= 1
    with pytest.raises(WrongSignatureError):
        Verifier([PUBLIC]).verify(SUBJECT, bytes(body), signature)


@pytest.mark.parametrize("index", range(64))
def test_a_changed_signature_is_refused(signature: str, index: int) -> None:
    name, _, text = signature.partition(":")
    changed = bytearray(b64decode(text))
    changed[index] ^= 0x80
    with pytest.raises(WrongSignatureError):
        Verifier([PUBLIC]).verify(SUBJECT, BODY, f"{name}:{b64encode(changed).decode()}")


@pytest.mark.parametrize("bits", range(1, 16))
def test_a_signature_is_written_in_one_way_only(signature: str, bits: int) -> None:
    letters = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"
    last = letters[letters.index(signature[-3]) + bits]
    with pytest.raises(WrongSignatureError):
        Verifier([PUBLIC]).verify(SUBJECT, BODY, f"{signature[:-3]}{last}==")


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        pytest.param("mailprobe.check.us.us-nyc.smtp", BODY, id="another location"),
        pytest.param("mailprobe.check.de.de-nbg.imap", BODY, id="another kind"),
        pytest.param(SUBJECT, BODY + b" ", id="something after the body"),
        pytest.param(SUBJECT, BODY[:-1], id="a shorter body"),
        pytest.param(SUBJECT, b"", id="no body"),
        pytest.param(SUBJECT[:-1], b"p" + BODY, id="a letter moved from the subject to the body"),
    ],
)
def test_it_holds_for_nothing_else(signature: str, subject: str, body: bytes) -> None:
    with pytest.raises(WrongSignatureError):
        Verifier([PUBLIC]).verify(subject, body, signature)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing after the name"),
        pytest.param("not base64!", id="no base64"),
        pytest.param(b64encode(bytes(63)).decode(), id="too short"),
        pytest.param(b64encode(bytes(65)).decode(), id="too long"),
        pytest.param(b64encode(bytes(64)).decode(), id="zeros"),
        pytest.param("ä", id="no ASCII"),
    ],
)
def test_what_is_no_signature_is_refused(text: str) -> None:
    with pytest.raises(WrongSignatureError):
        Verifier([PUBLIC]).verify(SUBJECT, BODY, f"{NAME}:{text}")


def test_a_signature_under_the_name_of_another_key_is_refused() -> None:
    other = Signer(new_request_key())
    text = other.headers(SUBJECT, BODY)[SIGNATURE].partition(":")[2]
    with pytest.raises(WrongSignatureError):
        Verifier([other.verify_key, PUBLIC]).verify(SUBJECT, BODY, f"{NAME}:{text}")


class TestReading:
    now = datetime(2026, 1, 1, 12, 0, 10, 250_000, tzinfo=UTC)
    subject = "mailprobe.agent.de.de-nbg.host-1"
    heartbeat = b'{"nonce":"f3Zr0c1xgTqgWcJ0o2m5rA"}'

    @pytest.fixture
    def signature(self) -> str:
        return Signer(SEED).reading(self.now, self.subject, self.heartbeat)

    def test_what_is_on_the_wire_does_not_change(self, signature: str) -> None:
        assert signature == f"{NAME}:{READING}"
        Verifier([PUBLIC]).verify_reading(self.now, self.subject, self.heartbeat, signature)

    @pytest.mark.parametrize(
        ("later", "subject", "heartbeat"),
        [
            pytest.param(1, subject, heartbeat, id="another moment"),
            pytest.param(0, "mailprobe.agent.de.de-nbg.host-2", heartbeat, id="another agent"),
            pytest.param(0, subject, heartbeat.replace(b"f3", b"f4"), id="another heartbeat"),
        ],
    )
    def test_it_holds_for_nothing_else(self, signature: str, later: int, subject: str, heartbeat: bytes) -> None:
        moment = self.now + timedelta(milliseconds=later)
        with pytest.raises(WrongSignatureError):
            Verifier([PUBLIC]).verify_reading(moment, subject, heartbeat, signature)

    def test_a_reading_is_no_request_and_a_request_no_reading(self, signature: str) -> None:
        signed = b"1767268810250\n" + self.heartbeat
        with pytest.raises(WrongSignatureError):
            Verifier([PUBLIC]).verify(self.subject, signed, signature)
        of_a_request = Signer(SEED).headers(self.subject, signed)[SIGNATURE]
        with pytest.raises(WrongSignatureError):
            Verifier([PUBLIC]).verify_reading(self.now, self.subject, self.heartbeat, of_a_request)


@pytest.mark.parametrize("text", ["", "x", b64encode(bytes(31)).decode(), b64encode(bytes(33)).decode()])
def test_what_is_no_key_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"Ed25519|base64"):
        Signer(Secret(text))
    with pytest.raises(ValueError, match=r"Ed25519|base64"):
        Verifier([text])
