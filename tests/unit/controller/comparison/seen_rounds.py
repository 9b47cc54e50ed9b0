"""Rounds as three locations see them, for tests."""

from __future__ import annotations

from controller.decisions.comparison.comparing import (
    ComparisonState,
    ComparisonStep,
    SaidFinding,
    SeenRound,
    said_findings,
    take_round,
)
from controller.decisions.comparison.server_views import CheckFindings, ServerView, view_of
from controller.decisions.comparison.signs import SeenServer

DE, FR, US = 1, 2, 3
ROUND_MS = 60_000
ADDRESS = "198.51.100.25"


def checked(
    capabilities: list[str] | None = None,
    *,
    greeting: str = "mail.example.org ESMTP Postfix",
    address: str = ADDRESS,
    failure: str | None = None,
    warnings: tuple[str, ...] = (),
    greeting_ms: float = 20,
    **facts: object,
) -> ServerView:
    """The view of a check without TLS."""
    keywords = ["PIPELINING", "SIZE", "STARTTLS"] if capabilities is None else capabilities
    known = {"greeting": greeting, "capabilities": keywords, **facts}
    view = view_of(CheckFindings(address, known, {"greeting": greeting_ms, "ehlo": 10}, failure, warnings))
    assert view is not None
    return view


def encrypted(sha256: str = "aa", *, issuer: str = "CN=R3", trusted: bool = True, **facts: object) -> ServerView:
    """The view of a check that used STARTTLS."""
    known = {
        "greeting": "mail.example.org ESMTP Postfix",
        "capabilities": ["AUTH", "PIPELINING"],
        "tlsVersion": "TLSv1.3",
        "certificateSubject": "CN=mail.example.org",
        "certificateSha256": sha256,
        "certificateIssuer": issuer,
        "certificateChainValid": trusted,
        "certificateNameValid": True,
        "certificateNotAfter": "2027-01-01T00:00:00+00:00",
        **facts,
    }
    phases = {"greeting": 20.0, "ehlo": 10.0, "starttls": 5.0, "tls": 30.0}
    view = view_of(CheckFindings(ADDRESS, known, phases, None, ()))
    assert view is not None
    return view


class Rounds:
    """Takes rounds, a minute apart, and the rechecks that are planned in between."""

    def __init__(self) -> None:
        self.state = ComparisonState()
        self.steps: list[ComparisonStep] = []
        self.said: list[SaidFinding] = []
        self._due_ms = 0

    def round(self, sights: dict[int, ServerView], *, own_networks: frozenset[int] = frozenset()) -> ComparisonStep:
        self._due_ms += ROUND_MS
        return self._take(self._due_ms, sights, own_networks, is_recheck=False)

    def recheck(self, sights: dict[int, ServerView], *, own_networks: frozenset[int] = frozenset()) -> ComparisonStep:
        due_ms = self.state.recheck_ms
        assert due_ms is not None, "no recheck is planned"
        return self._take(due_ms, sights, own_networks, is_recheck=True)

    def confirmed(self, sights: dict[int, ServerView]) -> None:
        for _ in range(3):
            self.round(sights)
        self.recheck(sights)

    def compare_again(self) -> None:
        """As when a location's network is no reason any more, and no round was due since."""
        self.state, said = said_findings(self.state.suspicions, self.state, ())
        self.said += said

    def _take(
        self, due_ms: int, sights: dict[int, ServerView], own_networks: frozenset[int], *, is_recheck: bool
    ) -> ComparisonStep:
        before = self.state.suspicions
        views = [SeenServer(here, view) for here, view in sights.items()]
        step = take_round(self.state, SeenRound(due_ms, is_recheck, views), due_ms + 1_000)
        self.state, said = said_findings(before, step.state, own_networks)
        self.steps.append(step)
        self.said += said
        return step
