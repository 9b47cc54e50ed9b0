"""The enrolment file: all that an agent of one location needs. `locations add` writes it, `--enrolment` reads it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from shared.private_files import private_text, read_private_text, replacing_private, write_private
from shared.secret import Secret


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`sealing_key` and `nats_credentials` (the text of a `.creds` file) are secrets of the location, so only the owner
    may read the file. `nats_ca` is PEM text; `verify_keys`, in base64, verify requests (shared.wire.signing).
    """

    location: str
    country: str
    nats_url: str
    sealing_key: Secret
    nats_credentials: Secret
    nats_ca: str | None = None
    verify_keys: list[str] = []
    version: int = 2


class EnrolmentError(Exception):
    """The enrolment file cannot be read or is not one; the message names the file and the reason."""


def write(path: Path, enrolment: Enrolment) -> None:
    """Write the file with mode 600, completely or not at all. Raises OSError."""
    write_private(path, private_text(enrolment))


def text_of(enrolment: Enrolment) -> Secret:
    """What the file holds."""
    return Secret(private_text(enrolment))


def replacing(path: Path, enrolment: Enrolment) -> AbstractContextManager[None]:
    """Write the file for the block and after it; if the block fails, restore the old file. Raises OSError."""
    return replacing_private(path, private_text(enrolment))


def read(path: Path) -> Enrolment:
    """Read the file. Raises EnrolmentError."""
    try:
        return read_private_text(Enrolment, path.read_bytes())
    except OSError as error:
        raise EnrolmentError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise EnrolmentError(f"{path}: not an enrolment file: {error}") from error
