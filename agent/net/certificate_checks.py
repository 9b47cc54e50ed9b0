"""Checks a server's certificate: its dates, its chain and its name, each independently of the others."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography import x509

from agent.errors import CheckError
from agent.net.certificate import UNREADABLE, describe, names, names_host, read
from agent.net.chain import Roots
from agent.net.weakness import weaknesses
from shared.wire.failures import FailureKind
from shared.wire.messages import Fact

_HOLDS_FOR = timedelta(hours=1)
"""How long an examination is valid even if no date of the chain passes: one of our roots may expire meanwhile."""


class Problem(msgspec.Struct, frozen=True):
    kind: FailureKind
    detail: str


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of examining a chain, valid from `made` until `holds_until`.

    The worst of `problems` comes first. What is `weak` is a warning, no problem.
    """

    made: datetime
    holds_until: datetime
    not_after: datetime | None
    problems: tuple[Problem, ...]
    weak: tuple[str, ...]
    described: dict[str, Fact]

    @property
    def problem(self) -> str | None:
        """All that is wrong, in words."""
        return "; ".join(problem.detail for problem in self.problems) or None

    def error(self) -> CheckError:
        """The worst problem as a new exception: one that is raised repeatedly would keep every traceback."""
        return CheckError(self.problems[0].kind, self.problems[0].detail)

    def facts(self, now: datetime) -> dict[str, Fact]:
        """The facts about the certificate for a result, whether it is good or not."""
        if self.not_after is None:
            return dict(self.described)
        return {**self.described, "certificateDaysLeft": (self.not_after - now).days}

    def expires_within(self, days: int, now: datetime) -> bool:
        """Whether the certificate is still valid, but for less than `days` days."""
        return self.not_after is not None and now <= self.not_after < now + timedelta(days=days)

    @property
    def ends(self) -> str:
        return f"valid until {_minute(self.not_after)}" if self.not_after else ""


def examine(chain: Sequence[bytes], host: str, now: datetime, roots: Roots) -> Examination:
    """Examine a DER chain, server certificate first, for `host` at `now`. Raises nothing, whatever the chain holds."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a flaw that leaves it readable (a negative serial) is no problem
            leaf, *others = read(chain)
            return _examine(leaf, others, host, now, roots)
    except UNREADABLE:
        return _found(now, [], [Problem(FailureKind.CERTIFICATE_UNTRUSTED, "the certificate cannot be read")])


def _examine(
    leaf: x509.Certificate, others: Sequence[x509.Certificate], host: str, now: datetime, roots: Roots
) -> Examination:
    begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    problems = []
    if now > ends:
        problems.append(Problem(FailureKind.CERTIFICATE_EXPIRED, f"expired on {_minute(ends)}"))
    elif now < begins:
        problems.append(Problem(FailureKind.CERTIFICATE_NOT_YET_VALID, f"valid from {_minute(begins)}"))
    # An expired certificate may still have a good chain: examine it at the nearest moment of its validity.
    chain = roots.verify(leaf, others, max(begins, min(now, ends)))
    if chain.refusal is not None:
        problems.append(Problem(FailureKind.CERTIFICATE_UNTRUSTED, chain.refusal))
    named = names_host(leaf, host)
    if not named:
        made_for = ", ".join(names(leaf)) or "no name"
        problems.append(Problem(FailureKind.CERTIFICATE_WRONG_HOST, f"made for {made_for}, not for {host}"))
    dates = [moment for one in (leaf, *others) for moment in (one.not_valid_before_utc, one.not_valid_after_utc)]
    known_facts = describe(leaf) | {"certificateChainValid": chain.refusal is None, "certificateNameValid": named}
    return _found(now, dates, problems, not_after=ends, known_facts=known_facts, weak=weaknesses(chain.path))


def _found(
    now: datetime,
    dates: Sequence[datetime],
    problems: Sequence[Problem],
    *,
    not_after: datetime | None = None,
    known_facts: dict[str, Fact] | None = None,
    weak: Sequence[str] = (),
) -> Examination:
    described: dict[str, Fact] = {"certificateValid": not problems, **(known_facts or {"certificateSubject": None})}
    if problems:
        described["certificateProblem"] = "; ".join(problem.detail for problem in problems)
    return Examination(
        made=now,
        holds_until=min([date for date in dates if date > now] + [now + _HOLDS_FOR]),
        not_after=not_after,
        problems=tuple(problems),
        weak=tuple(weak),
        described=described,
    )


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
