"""New installations and new locations: rows in the database and files with their secrets, both or neither.

The files are put in place before the rows are committed, so a crash in between leaves files of no use, which the next
attempt overwrites, and never rows whose secret nobody has.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from argon2 import PasswordHasher

from controller.model import Location
from controller.store import locations, organizations
from controller.store.pool import Database
from controller.store.tokens import new_token
from shared import enrolment
from shared.sealing import new_key_pair
from shared.targets import Secret


class FileError(Exception):
    """A file cannot be written; the message names it."""


async def bootstrap(
    database: Database, *, organization: str, customer: str, email: str, token_file: Path, password_file: Path
) -> bool:
    """Make the first organization, customer, admin and token; False, and nothing touched, when there is one.

    Raises FileError, StoreUnavailableError.
    """
    token, password = new_token(), Secret(secrets.token_urlsafe(18))
    first = organizations.FirstAccount(
        organization=organization,
        customer=customer,
        email=email,
        password_hash=PasswordHasher().hash(password.reveal()),
        token=token,
    )
    with _removed_on_failure() as written:
        async with organizations.founding(database, first) as new:
            if new:
                for path, secret in ((token_file, token), (password_file, password)):
                    _write(path, secret)
                    written.append(path)
    return new


async def add_location(
    database: Database, *, code: str, name: str, country_code: str, nats_url: Secret, enrolment_file: Path
) -> Location | None:
    """Make a location with keys of its own; None, and nothing touched, when the code is taken.

    Raises FileError, StoreUnavailableError.
    """
    private_key, public_key = new_key_pair()
    file = enrolment.Enrolment(location=code, country=country_code, nats_url=nats_url.reveal(), sealing_key=private_key)
    with _removed_on_failure() as written:
        async with locations.inserting(
            database, code=code, name=name, country_code=country_code, public_key=public_key
        ) as location:
            if location is not None:
                with _named(enrolment_file):
                    enrolment.write(enrolment_file, file)
                written.append(enrolment_file)
    return location


@contextmanager
def _removed_on_failure() -> Iterator[list[Path]]:
    """Yield a list for the files that were written: they go when the block fails, the commit at its end included."""
    written: list[Path] = []
    try:
        yield written
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _write(path: Path, secret: Secret) -> None:
    """For its owner only, whole or not at all. Raises FileError."""
    temporary = path.with_name(path.name + ".new")
    with _named(path):
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secret.reveal() + "\n")
        temporary.replace(path)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """The store takes an OSError for a database that is away, so a file's has a name of its own."""
    try:
        yield
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from error
