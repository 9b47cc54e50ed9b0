"""Finds a user to run PostgreSQL as, which refuses root: without a new OS account, and without opening directories."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from deploy.local import LocalError
from deploy.local.children import works

NOBODY = 65534
_NAMESPACE = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}")
# With the capability to pass through root's closed directories, so that the data can stay where it is.
_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"),
)


class Identity(NamedTuple):
    """A user to run as. `prefix` goes before a command and keeps its pid; `uid` owns its files as seen from outside."""

    prefix: tuple[str, ...]
    uid: int

    def wrap(self, command: Sequence[str]) -> list[str]:
        return [*self.prefix, *command]

    def own(self, directories: Iterable[Path]) -> None:
        """Make this identity the owner of these directories and their content, except where it is already."""
        for top in directories:
            if top.stat().st_uid == self.uid:
                continue
            for path in (top, *top.rglob("*")):
                os.chown(path, self.uid, -1, follow_symlinks=False)


def identities() -> list[Identity]:
    """The identities that work here, best first: the user; the user as "nobody" in a user namespace; and, for root, the
    user "nobody" itself. PostgreSQL refuses root, and initdb refuses a user without a name, as in containers.
    """
    user = os.geteuid()
    found = [Identity((), user)] if user != 0 and _has_name(user) else []
    others = [Identity(_NAMESPACE, user), *([Identity(_NOBODY, NOBODY)] if user == 0 else [])]
    return found + [identity for identity in others if works(*identity.wrap(["true"]))]


def server_identity() -> Identity:
    """The identity to run PostgreSQL as. Raises LocalError when none works."""
    for identity in identities():
        return identity
    raise LocalError(
        "PostgreSQL refuses to run as root or as a user without a name, and `unshare --user` does not work here: "
        "start as another user, or set MAILPROBE_DATABASE_URL"
    )


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True
