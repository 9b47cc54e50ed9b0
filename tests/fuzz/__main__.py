"""Fuzzes all targets by every engine that is installed: python -m tests.fuzz --minutes 10."""

from __future__ import annotations

import sys
from argparse import ArgumentParser

from tests.fuzz.engines import Engine, fuzz_at_once
from tests.fuzz.target import GROUPS, names_of

_SHOWN = 3000
"""How much of the output of a run that failed is shown, in characters."""


def main() -> int:
    parser = ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="for each group of targets and each engine")
    parser.add_argument("groups", nargs="*", default=GROUPS, metavar="group", help=f"of {', '.join(GROUPS)}")
    given = parser.parse_args()
    engines = [engine for engine in Engine if engine.is_installed]
    for engine in set(Engine) - set(engines):
        print(f"{engine} is not installed: `make tools` installs it where it has a wheel")
    failed = 0
    for group in given.groups:
        names = names_of(group)
        work = [(name, engine) for name in names for engine in engines]
        for outcome in fuzz_at_once(work, 60 * given.minutes / len(names)):
            word = "ok" if outcome.passed else "FAILED"
            print(f"{word:<7}{outcome.target:<24}{outcome.engine:<12}{outcome.tried:>10} inputs", flush=True)
            if not outcome.passed:
                failed += 1
                print(outcome.output[-_SHOWN:])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
