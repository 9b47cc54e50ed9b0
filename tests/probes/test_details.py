"""The detail of a check: what only its kind finds out, without passwords, also when the check fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import structlog

from agent.checks.runner import ProbeContext, run_check
from agent.dialogue.connection import Connect
from agent.dialogue.findings import Findings
from agent.dialogue.phases import Phases
from agent.errors import CheckError
from shared.wire.details import LONGEST_DETAIL
from shared.wire.failures import FailureKind
from shared.wire.messages import CheckResult
from shared.wire.targets import BaseDetail, Server
from tests.fakes.context import request

PASSWORD = "open-sesame-4713"


class EchoDetail(BaseDetail, frozen=True, kw_only=True, tag_field="kind", tag="echo"):
    heard: dict[str, list[str]]


class OtherDetail(BaseDetail, frozen=True, kw_only=True, tag_field="kind", tag="other"):
    pass


class EchoTarget(Server, frozen=True, kw_only=True, tag_field="kind", tag="echo"):
    DETAIL = EchoDetail


Report = Callable[[EchoTarget, Connect], Findings]


async def check(context: ProbeContext, report: Report) -> CheckResult:
    async def probe(target: EchoTarget, connect: Connect, phases: Phases) -> Findings:
        return report(target, connect)

    made = request(EchoTarget(host="mail.test", port=1), login=("alice", PASSWORD))
    return await run_check(made, context, {EchoTarget: probe})


def heard(target: EchoTarget) -> EchoDetail:
    assert target.login
    return EchoDetail(heard={"mx": ["x" * 600, f"said {target.login.password.reveal()}"]})


CLEAN = {"kind": "echo", "heard": {"mx": ["x" * 600, "said ********"]}}


async def test_a_detail_has_no_password_and_its_texts_are_whole(context: ProbeContext) -> None:
    result = await check(context, lambda target, _: Findings(detail=heard(target)))
    assert result.failure is None
    assert result.detail == CLEAN


async def test_a_check_that_fails_has_the_detail_that_was_set_before(context: ProbeContext) -> None:
    def fail(target: EchoTarget, connect: Connect) -> Findings:
        connect.detail = heard(target)
        raise CheckError(FailureKind.PROTOCOL_ERROR, "no")

    result = await check(context, fail)
    assert result.failure
    assert result.detail == CLEAN


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        pytest.param(EchoDetail(heard={"mx": ["x" * LONGEST_DETAIL]}), "too_large", id="too large"),
        pytest.param(OtherDetail(), "unknown_kind", id="of another kind"),
    ],
)
async def test_a_detail_that_no_controller_would_take_is_not_sent(
    context: ProbeContext, detail: BaseDetail, reason: str
) -> None:
    with structlog.testing.capture_logs() as logged:
        result = await check(context, lambda _target, _connect: Findings(detail=detail))
    assert (result.failure, result.detail) == (None, None)
    assert [(line["event"], line["reason"]) for line in logged] == [("detail_dropped", reason)]
