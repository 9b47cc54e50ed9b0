"""The token that a program on the controller's machine keeps for itself, such as `make run`: it reads the locations."""

from __future__ import annotations

import socket
from pathlib import Path

from controller.errors import NotFoundError
from controller.model import TokenScope
from controller.model.audit import AuditAction
from controller.operations.audit.recording import operator, record
from controller.operations.installation.row_files import named, removed_on_failure, write_secret
from controller.store.accounts import organizations, tokens
from controller.store.platform.pool import Database

_LONGEST_NAME = 255


async def keep_machine_token(database: Database, file: Path) -> bool:
    """Make a token in `file` unless it holds one that works, and delete the one that it held before. Returns whether
    one was made.

    Raises NotFoundError when there is no organization yet, FileError, StoreUnavailableError.
    """
    if await is_valid(database, file, machine=True):
        return False
    kept_by = _keeper(file)
    token = tokens.new_token()
    with removed_on_failure() as written:
        async with database.one_transaction() as own:
            async with own.connection() as connection:
                here = await organizations.operating(connection)
            if here is None:
                raise NotFoundError("there is no organization yet: `mailprobe-controller bootstrap` makes the first")
            if before := await tokens.delete_kept(own, kept_by):
                await record(own, operator(), AuditAction.TOKEN_DELETED, before=before)
            made = await tokens.insert(
                own,
                token,
                organization_id=here.id,
                customer_id=None,
                name=_name(kept_by),
                expires_in=None,
                kept_by=kept_by,
                scope=TokenScope.READ,
            )
            await record(own, operator(), AuditAction.TOKEN_CREATED, after=made)
            write_secret(file, token)
            written.append(file)
    return True


async def is_valid(database: Database, file: Path, *, machine: bool = False) -> bool:
    """Whether the token in a file works; not when there is no such file. `machine`: only one that a machine keeps.

    Raises FileError when the file cannot be read, StoreUnavailableError.
    """
    token = _read(file)
    return token is not None and await tokens.is_valid(database, token, machine=machine)


def _read(file: Path) -> str | None:
    with named(file):
        try:
            return file.read_text(errors="replace").strip()
        except FileNotFoundError:
            return None


def _keeper(file: Path) -> str:
    return f"{socket.gethostname()}:{file.absolute()}"


def _name(kept_by: str) -> str:
    """What lists of tokens show, for people: whose token it is, and that it is a machine's."""
    text = f"machine token of {kept_by}"
    return "".join(letter if letter.isprintable() else "?" for letter in text)[:_LONGEST_NAME]
