"""A trial goes the way of every check, to an agent and back, and leaves no trace but in itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from agent.intake.worker import Worker
from controller.decisions.trials import OUTDATED, TrialStatus
from controller.errors import LimitedError, NotFoundError
from controller.kinds.smtp import SmtpMonitorTarget
from controller.kinds.typed import TargetLogin, TypedTarget
from controller.model import Principal, Role
from controller.operations.trials import TrialState, begin_trial, get_trial
from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.evaluator import evaluate_due
from controller.pipeline.housekeeping import settle_checks
from controller.store.checks.trials import forget_expired
from controller.vault import Vault, VaultKeys
from shared.nats.broker import Broker
from shared.nats.bus import Message
from shared.nats.errors import BusError
from shared.wire import subjects
from shared.wire.failures import FailureKind, Phase
from shared.wire.messages import CANARY, LOGINS, TRIAL
from shared.wire.rounds import Purpose
from shared.wire.targets import TlsMode
from tests.fakes.certificates import HOST, Certificates
from tests.fakes.context import context
from tests.fakes.installation import SIGNER
from tests.fakes.scripted_server import ScriptedServer, Step, Tls, playing
from tests.integration.agent.running_agent import until_stored
from tests.integration.pipeline.canary_case import CanaryCase
from tests.integration.pipeline.ops.test_canaries import everything
from tests.integration.pipeline.ops.working import working
from tests.integration.pipeline.scheduling import KEY
from tests.integration.pipeline.small_installation import a_result, eventually
from tests.integration.table_rows import rows_of, tables

PASSWORD = "geheim-trial-password"
ELSEWHERE = SmtpMonitorTarget(host="mx.example.com", port=587)
SERVER: list[Step] = [
    *(Tls(), f"S: 220 {HOST} ESMTP", "C: EHLO", f"S: 250-{HOST}", "S: 250 AUTH PLAIN", "C: AUTH PLAIN", "S: 235 ok"),
    *("C: QUIT", "S: 221 bye"),
]


class TrialCase:
    """An organization whose locations `de` and `us` run trials, and the parts of a controller that do them."""

    def __init__(self, canary_case: CanaryCase) -> None:
        self.case = canary_case
        self.installation = canary_case.installation
        self.dispatcher = Dispatcher(self.installation.db, self.installation.bus, Vault(VaultKeys(KEY)), SIGNER)
        self.principal = Principal(works_in=self.installation._organization_id, role=Role.ADMIN, token_id=1)

    async def begin(self, target: TypedTarget, *countries: str, **options: Any) -> TrialState:
        return await begin_trial(
            self.installation.db, self.dispatcher, self.principal, target, list(countries) or None, **options
        )

    async def read(self, begun: TrialState, principal: Principal | None = None) -> TrialState:
        return await get_trial(self.installation.db, principal or self.principal, begun.trial.id)

    async def finished(self, begun: TrialState) -> TrialState:
        """The trial when the agents have answered."""
        await self.case.ingest()
        found = await self.read(begun)
        assert found.done
        return found

    async def heartbeat(self, *reads: str, agent: str = "agent-1") -> None:
        await self.case.heartbeat(agent, reads=reads)


@pytest.fixture
async def trials(canary_case: CanaryCase) -> TrialCase:
    return TrialCase(canary_case)


@pytest.fixture
async def server(certificates: Certificates) -> AsyncIterator[ScriptedServer]:
    async with playing(SERVER, certificates) as server:
        yield server


def ours(port: int) -> SmtpMonitorTarget:
    login = TargetLogin(user="probe@example.com", password=PASSWORD)
    return SmtpMonitorTarget(host=HOST, port=port, tls=TlsMode.IMPLICIT, address="127.0.0.1", login=login)


async def test_a_trial_with_a_login_answers_with_phases_and_transcript_and_leaves_nothing_else(
    trials: TrialCase, broker: Broker, certificates: Certificates, server: ScriptedServer
) -> None:
    installation = trials.installation
    await installation.monitor(interval=3600, countries=["US"])
    here = trials.case
    async with context(certificates) as its:
        own = msgspec.structs.replace(its, sealing_key=installation.sealing_keys["de"])
        async with working(broker, own, installation.signers["de"]) as worker:
            await _known(trials, worker)
            before = await everything(here)
            begun = await trials.begin(ours(server.port))
            assert [status for _, status, _ in begun.states] == [TrialStatus.PENDING]
            assert not begun.done
            found = await trials.finished(begun)
            await evaluate_due(installation.db)
            await settle_checks(installation.db, here.counts)
            after = await everything(here)
    [(check, status, reason)] = found.states
    assert (status, reason) == (TrialStatus.SUCCESS, None)
    assert check.result is not None
    assert check.result.purpose is Purpose.TRIAL
    assert Phase.AUTH in {timing.phase for timing in check.result.phases}
    assert any(line.text.startswith("AUTH PLAIN") for line in check.result.transcript)
    assert PASSWORD not in msgspec.json.encode(check.result).decode()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"trial", "trial_check", "request_count"}
    async with installation.db.connection() as connection:
        stored = [row for table in await tables(connection) for row in await rows_of(connection, table)]
    assert not [row for row in stored if PASSWORD in row or PASSWORD.encode().hex() in row]


async def _known(trials: TrialCase, worker: Worker) -> None:
    """Return when the controller knows what the agent reads."""
    await worker.heartbeats.beat()
    await eventually(lambda: trials.installation.value("SELECT count(*) FROM agent WHERE 'trial' = ANY (reads)"))
    await trials.installation.keep_agents()
    await trials.case.registry.refresh()


async def test_the_address_rules_of_checks_hold(trials: TrialCase, broker: Broker, certificates: Certificates) -> None:
    async with (
        context(certificates, allow=()) as own,
        working(broker, own, trials.installation.signers["de"]) as worker,
    ):
        await _known(trials, worker)
        found = await trials.finished(await trials.begin(SmtpMonitorTarget(host="127.0.0.1")))
    [(check, status, _)] = found.states
    assert status is TrialStatus.UNKNOWN
    assert check.result is not None
    assert check.result.failure is not None
    assert check.result.failure.kind is FailureKind.ADDRESS_FORBIDDEN


async def test_agents_that_do_not_run_trials_are_not_asked_and_each_country_says_why(trials: TrialCase) -> None:
    await trials.installation.value(
        "INSERT INTO location (code, name, country_code, public_key, enabled)"
        " VALUES ('us', 'US', 'US', 'k', true), ('fr', 'France', 'FR', 'k', false)"
    )
    await trials.heartbeat(CANARY, LOGINS, TRIAL)
    await trials.heartbeat(CANARY, LOGINS, agent="older")
    begun = await trials.begin(ELSEWHERE, "DE", "FR", "US", "AT")
    assert begun.done
    assert {check.country_code: (status, reason) for check, status, reason in begun.states} == {
        "AT": (TrialStatus.NO_RESULT, "no location in this country is enabled"),
        "DE": (TrialStatus.NO_RESULT, OUTDATED),
        "FR": (TrialStatus.NO_RESULT, "no location in this country is enabled"),
        "US": (TrialStatus.NO_RESULT, "no agent is connected at any location"),
    }
    assert await trials.case.waiting() == []


async def test_who_reads_a_trial(trials: TrialCase) -> None:
    await trials.heartbeat(TRIAL)
    begun = await trials.begin(ELSEWHERE)
    own = trials.principal.organization_id
    colleague = Principal(works_in=own, role=Role.USER, account_id=7)
    assert (await trials.read(begun, colleague)).trial.id == begun.trial.id
    strangers = [
        Principal(works_in=own + 1, role=Role.ADMIN, token_id=1),
        Principal(works_in=own, role=Role.EDITOR, account_id=1, customer_ids=frozenset({1})),
    ]
    for stranger in strangers:
        with pytest.raises(NotFoundError):
            await trials.read(begun, stranger)


async def test_ten_trials_a_minute_and_no_more(trials: TrialCase) -> None:
    for _ in range(10):
        await trials.begin(ELSEWHERE, "FR")
    with pytest.raises(LimitedError) as refused:
        await trials.begin(ELSEWHERE, "FR")
    assert 0 < refused.value.retry_after <= 60
    await trials.installation.value("UPDATE request_count SET since_at = now() - interval '1 minute'")
    await trials.begin(ELSEWHERE, "FR")


async def test_results_that_no_trial_waits_for_are_dropped(trials: TrialCase) -> None:
    """Of an unknown trial, of another location, of another moment, a second one, and one that comes too late."""
    installation = trials.installation
    await installation.value(
        "INSERT INTO location (code, name, country_code, public_key) VALUES ('us', 'US', 'US', 'k')"
    )
    await installation.give_key("us")
    await trials.heartbeat(TRIAL)
    begun, late = [await trials.begin(ELSEWHERE, "DE") for _ in range(2)]
    await installation.value("UPDATE trial SET expires_at = now() - interval '1 ms' WHERE id = $1", late.trial.id)
    due_at = begun.trial.due_at
    first = a_result(begun.trial.id, due_at=due_at, purpose=Purpose.TRIAL, duration_ms=1.0)
    for result in (
        a_result(uuid4(), due_at=due_at, purpose=Purpose.TRIAL),
        a_result(begun.trial.id, "US", due_at=due_at, purpose=Purpose.TRIAL),
        a_result(begun.trial.id, purpose=Purpose.TRIAL),
        a_result(late.trial.id, due_at=late.trial.due_at, purpose=Purpose.TRIAL),
        first,
    ):
        await installation.report(result, expected=False)
    await _ingest(trials)
    again = msgspec.structs.replace(first, duration_ms=2.0)
    await installation.bus.publish(Message(subjects.result("DE", "de"), msgspec.json.encode(again), "another message"))
    await _ingest(trials)
    [(check, _, _)] = (await trials.read(begun)).states
    assert check.result == first
    assert await installation.value("SELECT count(*) FROM trial_check WHERE result IS NOT NULL") == 1
    assert await installation.value("SELECT count(*) FROM dead_letter") == 0
    await until_stored(installation.bus, subjects.RESULTS, 0)


async def _ingest(trials: TrialCase) -> None:
    consumer = await trials.installation.bus.consumer(subjects.RESULTS, subjects.INGEST)
    await trials.case.ingestor.ingest_batch(consumer)
    await consumer.close()


async def test_a_trial_whose_result_never_comes_says_so_and_is_forgotten_after_ten_minutes(trials: TrialCase) -> None:
    await trials.heartbeat(TRIAL)
    begun = await trials.begin(ELSEWHERE, timeout_seconds=20)
    assert (begun.trial.expires_at - begun.trial.due_at).total_seconds() == 600
    assert (begun.trial.answer_by - begun.trial.due_at).total_seconds() == 60 + 20 + 15
    await trials.installation.value("UPDATE trial SET answer_by = now() - interval '1 s'")
    [(_, status, reason)] = (await trials.read(begun)).states
    assert (status, reason) == (TrialStatus.NO_RESULT, "no result came in time")
    await forget_expired(trials.installation.db)
    assert await trials.read(begun)
    await trials.installation.value("UPDATE trial SET expires_at = now() - interval '1 s'")
    with pytest.raises(NotFoundError):
        await trials.read(begun)
    await forget_expired(trials.installation.db)
    assert await trials.installation.value("SELECT count(*) FROM trial_check") == 0


async def test_a_trial_that_the_broker_does_not_take_is_no_trial(trials: TrialCase) -> None:
    await trials.heartbeat(TRIAL)
    await trials.installation.bus.client.close()
    with pytest.raises(BusError):
        await trials.begin(ELSEWHERE)
    assert await trials.installation.value("SELECT count(*) FROM trial") == 0
