"""The enrolment file: all that an agent of one location needs. `locations add` writes it, `--enrolment` reads it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import msgspec

from shared.private_files import read_as, replacing_private, write_private, written
from shared.wire.targets import Secret


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`sealing_key` and `nats_credentials` (the text of a `.creds` file) are the location's own: the file is for its
    owner only. `nats_ca` is PEM text; `verify_keys`, in base64, may have signed requests (shared.signing).
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
    """The enrolment file cannot be read or is not one; the message names the file and the trouble."""


def write(path: Path, enrolment: Enrolment) -> None:
    """Write the file with mode 600, whole or not at all. Raises OSError."""
    write_private(path, written(enrolment))


def replacing(path: Path, enrolment: Enrolment) -> AbstractContextManager[None]:
    """The same; when the block fails, what was there before comes back. Raises OSError."""
    return replacing_private(path, written(enrolment))


def read(path: Path) -> Enrolment:
    """Raises EnrolmentError."""
    try:
        return read_as(Enrolment, path.read_bytes())
    except OSError as error:
        raise EnrolmentError(f"{path}: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise EnrolmentError(f"{path}: not an enrolment file: {error}") from error
