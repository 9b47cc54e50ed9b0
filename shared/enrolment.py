"""The enrolment file: all that an agent of one location needs. `locations add` writes it, `--enrolment` reads it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from shared.targets import Secret


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`nats_url` may carry credentials, `sealing_key` is the location's private key: the file is for its owner only."""

    location: str
    country: str
    nats_url: str
    sealing_key: Secret
    version: int = 1


class EnrolmentError(Exception):
    """The enrolment file cannot be read or is not one; the message names the file and the trouble."""


def write(path: Path, enrolment: Enrolment) -> None:
    """Write the file with mode 600, whole or not at all. Raises OSError."""
    text = msgspec.json.format(msgspec.json.encode(enrolment, enc_hook=_reveal), indent=2)
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text + b"\n")
    temporary.replace(path)


def read(path: Path) -> Enrolment:
    """Raises EnrolmentError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Enrolment, dec_hook=_conceal)
    except OSError as error:
        raise EnrolmentError(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise EnrolmentError(f"{path}: not an enrolment file: {error}") from error


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} has no place in an enrolment file")


def _conceal(kind: type, value: object) -> Secret:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("expected text")
