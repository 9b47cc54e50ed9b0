"""Postfix's anvil counts the connections of a client; several locations behind one address count together."""

from __future__ import annotations

from agent.checks.runner import ProbeContext, run_check
from controller.decisions.evaluation.policy import STANDARD
from controller.decisions.evaluation.quorum import Ballot, Outcome, Vote, count_votes
from controller.decisions.evaluation.state import Evaluation, MonitorState, VerdictKind, take
from shared.wire.failures import FailureKind, Phase
from shared.wire.messages import CheckResult, ResultStatus
from shared.wire.targets import TlsMode
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.context import request
from tests.fakes.postfix import RATE_LIMIT, Postfix

LOCATIONS = ("DE", "FR", "JP", "US", "BR")


def vote(number: int, result: CheckResult) -> Vote:
    ballot = Ballot.PASSED if result.status is ResultStatus.SUCCESS else Ballot.FAILED
    return Vote(number, LOCATIONS[number].lower(), LOCATIONS[number], ballot, result.failure)


async def test_a_server_that_limits_our_rate_has_no_outage(postfix: Postfix, context: ProbeContext) -> None:
    """The first ones are served, then nobody is: temporary refusals from a majority, and then from everybody."""
    target = SmtpTarget(host="127.0.0.1", port=postfix.limited_port, tls=TlsMode.NONE)
    findings = []
    for _ in range(2):
        results = [await run_check(request(target), context) for _ in LOCATIONS]
        findings.append(count_votes([vote(number, result) for number, result in enumerate(results)], STANDARD))
        refused = [result.failure for result in results if result.failure is not None]
        assert {(failure.kind, failure.phase) for failure in refused} == {
            (FailureKind.TEMPORARY_REFUSAL, Phase.GREETING)
        }
        assert all("too many connections from 127.0.0.1" in failure.detail for failure in refused)
    assert [len(finding.probe_blocked) for finding in findings] == [len(LOCATIONS) - RATE_LIMIT, len(LOCATIONS)]
    assert [finding.outcome for finding in findings] == [Outcome.PASSING, Outcome.UNDECIDED]
    state, verdicts = MonitorState(), []
    for number, finding in enumerate(findings, start=1):
        step = take(state, Evaluation(number * 60_000, number, True, len(LOCATIONS), finding), STANDARD)
        state = step.state
        assert (step.changes, step.recheck) == ((), False), "a recheck would only be refused as well"
        verdicts.append(state.verdict)
    assert verdicts == [VerdictKind.UP, VerdictKind.UNKNOWN]
