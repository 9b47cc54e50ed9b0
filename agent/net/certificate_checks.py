"""The verdict about a server's certificate: its dates, its chain and its name, each judged whatever the others are."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography import x509

from agent.errors import CheckError
from agent.net.certificate import UNREADABLE, describe, names, names_host, read
from agent.net.chain import Roots
from shared.wire.failures import FailureKind
from shared.wire.messages import Fact

_HOLDS_FOR = timedelta(hours=1)
"""How long a verdict may be kept although no date of the chain passes: a root of ours may end meanwhile."""


class Problem(msgspec.Struct, frozen=True):
    kind: FailureKind
    detail: str


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at a chain has found, good from `made` until `holds_until`. `problems` come worst first."""

    made: datetime
    holds_until: datetime
    not_after: datetime | None
    problems: tuple[Problem, ...]
    told: dict[str, Fact]

    @property
    def problem(self) -> str | None:
        """All that is wrong, in words."""
        return "; ".join(problem.detail for problem in self.problems) or None

    def error(self) -> CheckError:
        """The worst problem; a new exception each time, since one that is raised again would keep every traceback."""
        return CheckError(self.problems[0].kind, self.problems[0].detail)

    def facts(self, now: datetime) -> dict[str, Fact]:
        """What a result tells about the certificate, good or not."""
        if self.not_after is None:
            return dict(self.told)
        return {**self.told, "certificateDaysLeft": (self.not_after - now).days}

    def expires_within(self, days: int, now: datetime) -> bool:
        """Whether it is still valid, but for less than `days` days."""
        return self.not_after is not None and now <= self.not_after < now + timedelta(days=days)

    @property
    def ends(self) -> str:
        return f"valid until {_minute(self.not_after)}" if self.not_after else ""


def examine(chain: Sequence[bytes], host: str, now: datetime, roots: Roots) -> Examination:
    """Judge a DER chain, the server's own certificate first, for `host` at `now`. Raises nothing, whatever is in it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd but readable (a negative serial) is the server's own business
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
    # An expired certificate may still be the right one: its chain is judged at the nearest moment of its life.
    refusal = roots.refusal(leaf, others, max(begins, min(now, ends)))
    if refusal is not None:
        problems.append(Problem(FailureKind.CERTIFICATE_UNTRUSTED, refusal))
    named = names_host(leaf, host)
    if not named:
        made_for = ", ".join(names(leaf)) or "nobody"
        problems.append(Problem(FailureKind.CERTIFICATE_WRONG_HOST, f"made for {made_for}, not for {host}"))
    dates = [moment for one in (leaf, *others) for moment in (one.not_valid_before_utc, one.not_valid_after_utc)]
    about = describe(leaf) | {"certificateChainValid": refusal is None, "certificateNameValid": named}
    return _found(now, dates, problems, not_after=ends, about=about)


def _found(
    now: datetime,
    dates: Sequence[datetime],
    problems: Sequence[Problem],
    *,
    not_after: datetime | None = None,
    about: dict[str, Fact] | None = None,
) -> Examination:
    told: dict[str, Fact] = {"certificateValid": not problems, **(about or {"certificateSubject": None})}
    if problems:
        told["certificateProblem"] = "; ".join(problem.detail for problem in problems)
    return Examination(
        made=now,
        holds_until=min([date for date in dates if date > now] + [now + _HOLDS_FOR]),
        not_after=not_after,
        problems=tuple(problems),
        told=told,
    )


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
