"""As whom PostgreSQL runs, which refuses root: with no OS account of its own, and no directory opened to others."""

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
# Still able to pass through root's closed directories, or the data could not stay where it is.
_NOBODY = (
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *("--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--"),
)


class Identity(NamedTuple):
    """`prefix` goes before a command and keeps its pid; `uid` is the owner of its files as seen from outside."""

    prefix: tuple[str, ...]
    uid: int

    def wrap(self, command: Sequence[str]) -> list[str]:
        return [*self.prefix, *command]

    def own(self, directories: Iterable[Path]) -> None:
        """Give these directories and what is in them to this identity; touches nothing that is its already."""
        for top in directories:
            if top.stat().st_uid == self.uid:
                continue
            for path in (top, *top.rglob("*")):
                os.chown(path, self.uid, -1, follow_symlinks=False)


def ways() -> list[Identity]:
    """How PostgreSQL can run here, best first: as the user; in a user namespace in which the user is "nobody"; as root
    also by being nobody. It refuses root, and initdb a user without a name, as containers are given.
    """
    user = os.geteuid()
    found = [Identity((), user)] if user != 0 and _has_name(user) else []
    others = [Identity(_NAMESPACE, user), *([Identity(_NOBODY, NOBODY)] if user == 0 else [])]
    return found + [way for way in others if works(*way.wrap(["true"]))]


def server_identity() -> Identity:
    """As whom to run PostgreSQL. Raises LocalError when there is no way."""
    for way in ways():
        return way
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
