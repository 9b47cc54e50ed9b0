"""Runs targets by both engines, each in a process of its own, as many at once as there are cores."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from tests.fuzz.target import CASES, FOLDER, names_of

_ROOT = FOLDER.parents[1]
_TRIED = re.compile(r"(?:tried|stat::number_of_executed_units): *(\d+)")
_KEPT = re.compile(r"failed: (.*)")
_GRACE_SECONDS = 300.0
"""The time for starting, and for shrinking what was found."""


class Engine(StrEnum):
    HYPOTHESIS = "hypothesis"
    ATHERIS = "atheris"

    @property
    def is_installed(self) -> bool:
        return find_spec(self.value) is not None


class Outcome(NamedTuple):
    """`kept` are the inputs that failed; `output` is what the process printed."""

    engine: Engine
    target: str
    passed: bool
    tried: int
    kept: list[str]
    output: str


def fuzz_group(group: str, engine: Engine, seconds: float, cases: Path = CASES) -> Iterator[Outcome]:
    """Run each target of a group in its share of the time, one after the other."""
    names = names_of(group)
    return (fuzz(name, engine, seconds / len(names), cases) for name in names)


def fuzz_at_once(work: Iterable[tuple[str, Engine]], seconds: float) -> Iterator[Outcome]:
    """Run each of these targets by its engine for so long, and as many at once as there are cores."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        yield from pool.map(lambda one: fuzz(one[0], one[1], seconds), work)


def fuzz(name: str, engine: Engine, seconds: float, cases: Path = CASES) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.fuzz.by_{engine}", name, str(seconds), str(cases)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=seconds + _GRACE_SECONDS,
        check=False,
    )
    tried = sum(int(count) for count in _TRIED.findall(done.stdout))
    return Outcome(engine, name, done.returncode == 0, tried, _KEPT.findall(done.stdout), done.stdout)
