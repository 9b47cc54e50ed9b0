"""The words in which pages, messages and reasons speak of what a kind checks. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.decisions.evaluation.state import VerdictKind
from controller.decisions.evaluation.wording import USUAL, VerdictWords
from shared.wire.explanations import FAILURES, PHASES, Explanation
from shared.wire.failures import Failure, FailureKind, Phase


@dataclass(frozen=True, kw_only=True)
class KindWords:
    """A kind states what differs from the usual words.

    `verdict` are the words of a verdict's reason. `meanings` say what a verdict means for this kind, in a sentence each
    that stands beside the verdict. `failures` explain kinds of failure, and `phases` phases of a check, where they mean
    something else than usual; a phase's words are a sentence. `phase_names` are the phases as this kind calls them, and
    `facts` the names of its own facts, by which locations and checks are compared. `detail` are the names of fields of
    its results' detail (`addresses`, nested ones as `records.ttl`); a field without one is called as in the answers of
    the API.
    """

    verdict: VerdictWords = USUAL
    meanings: Mapping[VerdictKind, str] = field(default_factory=dict)
    failures: Mapping[FailureKind, Explanation] = field(default_factory=dict)
    phases: Mapping[Phase, str] = field(default_factory=dict)
    phase_names: Mapping[Phase, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    detail: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        """What is checked, where it was named before."""
        return self.verdict.subject

    def meaning(self, verdict: str | None) -> str:
        """What a verdict means for this kind; empty when its own word says enough."""
        return next((text for kind, text in self.meanings.items() if kind.value == verdict), "")

    def explained(self, failure: Failure) -> Explanation:
        return self.failures.get(failure.kind) or FAILURES[failure.kind]

    def about_phase(self, phase: Phase) -> str:
        return self.phases.get(phase) or PHASES[phase]

    def phase_name(self, phase: Phase) -> str:
        return self.phase_names.get(phase) or phase.value


USUAL_WORDS = KindWords()
