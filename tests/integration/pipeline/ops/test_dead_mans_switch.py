"""The heartbeat URL is fetched once a minute while canaries come back and the relay answers, and never otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from controller.notify.email.relay import Relay
from controller.notify.email.sender import EmailSender
from controller.pipeline.ops.dead_mans_switch import FETCH_EVERY_SECONDS, DeadMansSwitch
from controller.store.platform.pool import Database
from shared.nats.bus import Bus
from shared.secret import Secret
from tests.fakes.certificates import ADDRESS
from tests.fakes.ports import free_port
from tests.fakes.smtp_sink import SmtpSink
from tests.fakes.webhook_sink import WebhookSink
from tests.integration.pipeline.small_installation import SmallInstallation

OPS = "ops@example.net"
TOKEN = "s3cr3t-t0ken"


class Controller:
    """The dead man's switch of one controller, whose clock advances only when the test says so."""

    def __init__(self, installation: SmallInstallation, url: str, relay_port: int) -> None:
        self.now = 1000.0
        self.leading = True
        self.problems: list[str] = []
        self.switch = DeadMansSwitch(
            installation.db,
            Secret(url),
            EmailSender(Relay(host=ADDRESS, port=relay_port, sender="mailprobe@example.net")),
            lambda: self.problems,
            lambda: self.leading,
            [OPS],
            clock=lambda: self.now,
        )

    async def minute(self) -> None:
        for _ in range(4):
            self.now += FETCH_EVERY_SECONDS / 4
            await self.switch.fetch_when_due()


class SwitchCase:
    """A location whose canary has come back, a relay, a service that is fetched, and a controller that leads."""

    def __init__(self, installation: SmallInstallation, service: WebhookSink, relay: SmtpSink) -> None:
        self.installation = installation
        self.service = service
        self.relay = relay
        self.leader = self.controller()

    def controller(self) -> Controller:
        return Controller(self.installation, f"{self.service.address}/ping/{TOKEN}", self.relay.port)

    async def canary_back(self, seconds_ago: float) -> None:
        await self.installation.value("DELETE FROM canary")
        await self.installation.value(
            "INSERT INTO canary (location_id, kind, due_at, sent_at, since, stored_due_at, back_due_at, back_at)"
            " SELECT id, 'smtp', now(), now(), now(), now(), now(), now() - make_interval(secs => $1) FROM location",
            seconds_ago,
        )

    async def notices(self) -> list[str]:
        rows = await self.installation.rows("SELECT notice FROM delivery ORDER BY id")
        return [notice["title"] for (notice,) in rows]


@pytest.fixture
def service() -> Iterator[WebhookSink]:
    with WebhookSink() as sink:
        yield sink


@pytest.fixture
def relay() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


@pytest.fixture
async def case(database_url: str, bus: Bus, service: WebhookSink, relay: SmtpSink) -> AsyncIterator[SwitchCase]:
    async with Database.open(database_url) as db:
        installation = SmallInstallation(db, bus)
        await installation.begin("DE")
        case = SwitchCase(installation, service, relay)
        await case.canary_back(5.0)
        yield case


async def test_it_is_fetched_once_a_minute_by_the_controller_that_leads(case: SwitchCase) -> None:
    standby = case.controller()
    standby.leading = False
    began = case.leader.switch.fetched_at
    for minutes in range(1, 4):
        await case.leader.minute()
        await standby.minute()
        assert [(post.method, post.path) for post in case.service.received] == [("GET", f"/ping/{TOKEN}")] * minutes
    assert case.leader.switch.fetched_at > began
    case.leader.leading, standby.leading = False, True
    await case.leader.minute()
    await standby.minute()
    assert len(case.service.received) == 4
    assert case.relay.greeted == 2, "the relay is greeted when it was not for a while, not every minute"
    assert case.relay.received == [], "no mail is sent to find out"


async def test_it_is_not_fetched_while_no_canary_comes_back(case: SwitchCase) -> None:
    await case.canary_back(91.0)
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            await case.leader.minute()
    assert case.service.received == []
    assert [line for line in logged if line["event"].startswith("heartbeat_url")] == [
        {
            "event": "heartbeat_url_not_fetched",
            "log_level": "warning",
            "reasons": ["no canary came back within 90 s"],
        }
    ]
    await case.canary_back(89.0)
    await case.leader.minute()
    assert len(case.service.received) == 1


async def test_it_is_not_fetched_by_an_installation_without_locations(case: SwitchCase) -> None:
    await case.installation.value("TRUNCATE location CASCADE")
    await case.leader.minute()
    assert case.service.received == []


async def test_it_is_not_fetched_while_the_relay_is_down(case: SwitchCase) -> None:
    case.relay.stop()
    await case.leader.minute()
    assert case.service.received == []
    case.relay.start()
    await case.leader.minute()
    assert len(case.service.received) == 1


async def test_it_is_not_fetched_while_database_or_broker_have_a_problem(case: SwitchCase) -> None:
    case.leader.problems = ["database"]
    await case.leader.minute()
    assert case.service.received == []
    case.leader.problems = []
    await case.leader.minute()
    assert len(case.service.received) == 1


@pytest.mark.parametrize("status", [404, 500])
async def test_ops_are_notified_once_when_the_service_fails_and_once_when_it_answers(
    case: SwitchCase, status: int
) -> None:
    case.service.answers = [status] * 4
    began = case.leader.switch.fetched_at
    with structlog.testing.capture_logs() as logged:
        for _ in range(2):
            await case.leader.minute()
        assert await case.notices() == []
        for _ in range(2):
            await case.leader.minute()
        assert await case.notices() == ["The heartbeat URL does not answer"]
        assert case.leader.switch.fetched_at == began
        await case.leader.minute()
        assert await case.notices() == ["The heartbeat URL does not answer", "The heartbeat URL answers again"]
    [(text,)] = await case.installation.rows("SELECT string_agg(notice::text, ' ') FROM delivery")
    assert f"it answered {status}" in text
    assert TOKEN not in text + str(logged)


async def test_a_redirect_is_an_answer_and_is_not_followed(case: SwitchCase) -> None:
    case.service.answers = [302]
    case.service.location = f"{case.service.address}/elsewhere"
    began = case.leader.switch.fetched_at
    await case.leader.minute()
    assert [post.path for post in case.service.received] == [f"/ping/{TOKEN}"]
    assert case.leader.switch.fetched_at > began


async def test_a_service_that_cannot_be_reached_appears_without_its_url(case: SwitchCase) -> None:
    gone = Controller(case.installation, f"http://{ADDRESS}:{free_port()}/{TOKEN}", case.relay.port)
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            await gone.minute()
    [(text,)] = await case.installation.rows("SELECT string_agg(notice::text, ' ') FROM delivery")
    assert "cannot connect to it" in text
    assert TOKEN not in text + str(logged)
    assert ADDRESS not in text + str(logged)
