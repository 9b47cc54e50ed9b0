"""Runs one target by atheris (libFuzzer) for a time, led by which lines of the product an input reaches.

python -m tests.fuzz.by_atheris TARGET SECONDS CASES
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

from tests.fuzz.target import cases_of, keep, target

LONGEST_INPUT = 16 * 1024
SECONDS_FOR_ONE = 20
MEGABYTES = 2048


def run(name: str, seconds: float, cases: Path) -> None:
    """Does not return: libFuzzer ends the process, with status 77 when an input failed."""
    with atheris.instrument_imports(include=["agent", "controller", "shared"]):
        found = target(name)
    with TemporaryDirectory() as corpus:
        known = [*found.seeds, *(path.read_bytes() for path in cases_of(name))]
        for number, data in enumerate(known):
            Path(corpus, str(number)).write_bytes(data)

        def once(data: bytes) -> None:
            try:
                found.check(data)
            except Exception:
                print(f"failed: {keep(name, data, cases)}", flush=True)
                raise

        options = {
            "max_total_time": max(1, round(seconds)),
            "max_len": LONGEST_INPUT,
            "timeout": SECONDS_FOR_ONE,
            "rss_limit_mb": MEGABYTES,
            "print_final_stats": 1,
            "artifact_prefix": f"{corpus}/",
        }
        atheris.Setup([sys.argv[0], *(f"-{option}={value}" for option, value in options.items()), corpus], once)
        atheris.Fuzz()


if __name__ == "__main__":
    run(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
