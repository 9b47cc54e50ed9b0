"""What of the parts that a controller depends on does not work, since when and why."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

import structlog

from controller.model.dependencies import Dependency
from controller.store.platform.pool import (
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
    StoreUnwritableError,
)
from shared.clock import utc_now

log = structlog.get_logger()


def store_words(error: StoreUnavailableError) -> str:
    """What is wrong with PostgreSQL, for everybody: PostgreSQL's own words may hold addresses and paths."""
    match error:
        case StoreFullError():
            return "PostgreSQL has no space left on its disk"
        case StoreReadOnlyError():
            return str(error)
    return "PostgreSQL does not answer"


class DependencyProblem(NamedTuple):
    """Since when a part fails, and why, in words."""

    since: datetime
    text: str


class DependencyHealth:
    """What the watches of this controller found. `clock` gives monotonic seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._problems: dict[Dependency, DependencyProblem] = {}
        self._began = clock()
        self._changed_at: dict[Dependency, float] = {}

    @property
    def problems(self) -> Mapping[Dependency, DependencyProblem]:
        """The parts that fail; empty when all is well."""
        return MappingProxyType(self._problems)

    def failing(self, part: Dependency, text: str) -> None:
        """Note that a part fails. The moment at which it began stays."""
        known = self._problems.get(part)
        if known is None:
            self._changed_at[part] = self._clock()
            log.warning("dependency_failing", part=part.value, error=text)
        self._problems[part] = DependencyProblem(known.since if known else utc_now(), text)

    def working(self, part: Dependency) -> None:
        if self._problems.pop(part, None) is not None:
            self._changed_at[part] = self._clock()
            log.info("dependency_works_again", part=part.value)

    def store_failed(self, error: StoreUnavailableError) -> None:
        """Note an error of any work: a database that is full or read-only may still answer the watch."""
        if isinstance(error, StoreUnwritableError):
            self.failing(Dependency.DATABASE, store_words(error))

    def seconds(self, part: Dependency) -> float:
        """How long the part has been failing, or working, as far as this controller knows."""
        return self._clock() - self._changed_at.get(part, self._began)
