"""As whom PostgreSQL runs, which refuses root: with no OS account of its own, and no directory opened to others."""

from __future__ import annotations

import os
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


def ways_for_root() -> list[Identity]:
    """What root can do about it here, best first: a user namespace in which it is "nobody", else nobody itself."""
    ways = (Identity(_NAMESPACE, 0), Identity(_NOBODY, NOBODY))
    return [way for way in ways if works(*way.wrap(["true"]))]


def server_identity() -> Identity:
    """As whom to run PostgreSQL. Raises LocalError when root has no way to be somebody else."""
    if os.geteuid() != 0:
        return Identity((), os.geteuid())
    for way in ways_for_root():
        return way
    raise LocalError(
        "PostgreSQL refuses to run as root, and neither `unshare --user` nor `setpriv` works here: "
        "start as another user, or set MAILPROBE_DATABASE_URL"
    )
