"""Runs one target by hypothesis for a time: examples of what it reads, edited. It shrinks what it finds.

python -m tests.fuzz.by_hypothesis TARGET SECONDS CASES
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.target import keep, target

EXAMPLES = 2000
"""How many inputs a run tries before the next one begins with another seed."""

_TOKENS = (
    *(b"null", b"true", b"-1", b"0", b"1e308", b"1e999", b"99999999999999999999", b"0.1", b'""', b"[]", b"{}"),
    *(b'"', b"\\", b"[", b"]", b"{", b"}", b",", b":", b"=", b".", b"-", b" ", b"\t", b"\0", b"\r", b"\n", b"\r\n"),
    *(b"\\ud800", b"\\u0000", b"\xff", b"\xc3", "İ".encode(), "ß".encode(), "\u202e".encode(), b"%", b"{3}\r\n"),
    *(b"9999-12-31T23:59:59.999999Z", b"0001-01-01T00:00:00+14:00", b"a" * 300, b"[" * 2000, b"\x80" * 4, b"\x84\xff"),
)
_LARGEST = 100_000

_Edit = tuple[float, int, bytes]
"""Where (a share of the length), how many bytes are taken out, and what is put in."""


def inputs(seeds: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    texts = st.one_of(st.sampled_from(_TOKENS), st.binary(max_size=8), st.sampled_from(seeds))
    edits = st.tuples(st.floats(0, 1), st.integers(0, 40), texts)
    bases = st.one_of(st.sampled_from(seeds), st.binary(max_size=200))
    return st.builds(_edited, bases, st.lists(edits, max_size=6))


def _edited(base: bytes, edits: list[_Edit]) -> bytes:
    for where, taken, put in edits:
        at = round(where * len(base))
        base = base[:at] + put + base[at + taken :]
    return base[:_LARGEST]


class Tries:
    """Runs a check, and remembers how often and which input failed last: hypothesis ends with the smallest."""

    def __init__(self, check: Callable[[bytes], None], until: float) -> None:
        self._check = check
        self._until = until
        self.count = 0
        self.failed: bytes | None = None

    def __call__(self, data: bytes) -> None:
        if self.failed is None and monotonic() > self._until:
            return
        self.count += 1
        try:
            self._check(data)
        except Exception:
            self.failed = data
            raise


def run(name: str, seconds: float, cases: Path) -> int:
    """The exit status: 1 if an input failed, which is then a case."""
    found = target(name)
    until = monotonic() + seconds
    tries = Tries(found.check, until)
    number = 0
    while monotonic() < until:
        number += 1
        once = seed(number)(
            settings(
                max_examples=EXAMPLES,
                database=None,
                deadline=None,
                phases=(Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            )(given(inputs(found.seeds))(tries.__call__))
        )
        try:
            once()
        except Exception:
            if tries.failed is None:
                raise
            print(f"failed: {keep(name, tries.failed, cases)}")
            raise
    print(f"tried: {tries.count}")
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])))
