"""python -m tests.audit [LIST]: fails if a locked release was withdrawn or is in a list of known vulnerabilities."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from shared.clock import utc_now
from tests.audit.advisories import Advisories
from tests.audit.locks import LOCKS, pinned
from tests.audit.withdrawn import withdrawn

_LIST = "https://osv-vulnerabilities.storage.googleapis.com/PyPI/all.zip"


def main(arguments: list[str]) -> int:
    problems: list[str] = []
    for lock in LOCKS:
        try:
            problems += [f"{one.package} {one.version} was withdrawn: {one.why}" for one in withdrawn(lock)]
        except subprocess.CalledProcessError as error:
            print(error.stderr, file=sys.stderr)
            return 2
        print(f"{lock.name}: {len(pinned(lock))} packages, compared with what the registry has withdrawn")
    if arguments:
        known = Advisories(Path(arguments[0]))
        for lock in LOCKS:
            problems += [
                f"{one.package} {one.version}: {one.name} {one.summary}" for one in known.against(pinned(lock))
            ]
        print(f"{len(known)} known vulnerabilities, the latest changed {(utc_now() - known.newest).days} days ago")
    else:
        print(f"known vulnerabilities: not compared, without a list (`make audit ADVISORIES=all.zip`, from {_LIST})")
    for problem in dict.fromkeys(problems):
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
