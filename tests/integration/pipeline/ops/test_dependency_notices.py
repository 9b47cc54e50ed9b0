"""Ops hear once that NATS or PostgreSQL fails, on a path that does not need it, and once that it works again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from controller.model.dependencies import Dependency
from controller.notify.channels import open_senders
from controller.notify.email.relay import Relay, RelayTls
from controller.notify.email.sender import EmailSender
from controller.pipeline.delivery.notifier import Notifier
from controller.pipeline.housekeeping import prepare_partitions
from controller.pipeline.ops.dependency_notices import DependencyNotices
from controller.pipeline.ops.direct_mail import DirectMail
from controller.pipeline.ops.health import DependencyHealth
from controller.store.platform.pool import Database, StoreFullError, StoreReadOnlyError, StoreUnavailableError
from controller.vault import Vault, VaultKeys
from shared.nats.broker import Broker
from shared.nats.bus import Bus
from tests.fakes.smtp_sink import SmtpSink
from tests.integration.pipeline.ops.test_ops_notices import OPS, Clock
from tests.integration.pipeline.scheduling import KEY
from tests.integration.pipeline.small_installation import SmallInstallation, eventually

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
CHECKS, EVENTS, DATABASE = Dependency.CHECKS, Dependency.EVENTS, Dependency.DATABASE


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


def relay(sink: SmtpSink) -> Relay:
    return Relay(host="127.0.0.1", port=sink.port, sender="mailprobe@example.net", tls=RelayTls.NONE)


class NoticeCase:
    """The notices of a controller that schedules."""

    def __init__(self, db: Database, sink: SmtpSink) -> None:
        self.db = db
        self.sink = sink
        self.clock = Clock()
        self.leading = True
        self.health = DependencyHealth(clock=self.clock)
        self.mail = DirectMail(EmailSender(relay(sink)), [OPS], clock=self.clock)
        self.notices = DependencyNotices(
            db, self.health, self.mail, "web-1", [OPS], leading=lambda: self.leading, clock=self.clock
        )

    async def review(self, seconds_later: float = 2.0) -> None:
        self.clock.now += seconds_later
        await self.notices.review()
        await self.mail.send_due()

    async def queued(self) -> list[tuple[str, bool]]:
        """The notices for the notifier: the title, and whether it says that something is over."""
        async with self.db.connection() as connection:
            rows = await connection.fetch("SELECT receiver, notice FROM delivery ORDER BY id")
        assert {row["receiver"] for row in rows} <= {OPS}
        return [(row["notice"]["title"], row["notice"]["over"]) for row in rows]

    def mailed(self) -> list[str]:
        return [mail.message["Subject"] for mail in self.sink.received]


@pytest.fixture
async def case(database_url: str, bus: Bus, sink: SmtpSink) -> AsyncIterator[NoticeCase]:
    async with Database.open(database_url) as db:
        await prepare_partitions(db)
        await SmallInstallation(db, bus).begin("DE")
        case = NoticeCase(db, sink)
        await case.review()
        yield case


async def test_streams_that_fail_together_are_one_notice_and_so_is_their_end(case: NoticeCase) -> None:
    case.health.failing(EVENTS, "stream EVENTS stores no messages: the broker did not answer in time")
    await case.review(10)
    case.health.failing(CHECKS, "stream CHECKS stores no messages: the broker did not answer in time")
    await case.review()
    assert await case.queued() == []
    for _ in range(5):
        await case.review(4)
    began = ("NATS stores nothing in CHECKS, EVENTS", False)
    assert await case.queued() == [began]
    case.health.working(CHECKS)
    case.health.working(EVENTS)
    await case.review(20)
    assert await case.queued() == [began]
    await case.review(11)
    await case.review()
    assert await case.queued() == [began, ("NATS stores again: CHECKS, EVENTS", True)]
    assert case.mailed() == []


async def test_the_notice_says_why_what_it_means_and_what_to_do(case: NoticeCase) -> None:
    case.health.failing(CHECKS, "stream CHECKS stores no messages: the broker did not answer in time")
    await case.review(20)
    async with case.db.connection() as connection:
        notice = await connection.fetchval("SELECT notice FROM delivery")
    text = "\n".join(notice["paragraphs"])
    for part in ("CHECKS stores no messages", "broker_refused", "systemctl restart nats", "`make run`", "no restart"):
        assert part in text


async def test_a_stream_that_fails_again_and_again_is_not_reported_each_time(case: NoticeCase) -> None:
    for _ in range(20):
        case.health.failing(CHECKS, "why")
        await case.review(20)
        case.health.working(CHECKS)
        await case.review(40)
    assert len(await case.queued()) <= 8


async def test_a_controller_that_starts_does_not_report_an_end_that_it_has_not_watched(case: NoticeCase) -> None:
    case.health.failing(CHECKS, "why")
    await case.review(20)
    started = NoticeCase(case.db, case.sink)
    await started.review(20)
    assert len(await case.queued()) == 1
    await started.review(20)
    assert [over for _, over in await case.queued()] == [False, True]


async def test_only_the_controller_that_schedules_reports_nats(case: NoticeCase) -> None:
    case.leading = False
    case.health.failing(CHECKS, "why")
    for _ in range(5):
        await case.review(60)
    assert await case.queued() == []


async def test_a_notice_of_nats_reaches_ops_while_nats_is_away(case: NoticeCase, sink: SmtpSink) -> None:
    async with (
        Bus.open(Broker("nats://127.0.0.1:1"), name="test") as away,
        open_senders(relay=relay(sink), sms_url=None) as senders,
    ):
        assert not away.connected
        case.health.failing(Dependency.NATS, "there is no connection to NATS")
        await case.review(20)
        notifier = Notifier(case.db, Vault(VaultKeys(KEY)), senders)
        await notifier.send_some()

        async def sent() -> bool:
            return case.mailed() == ["NATS is away"]

        await eventually(sent)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(StoreFullError("could not extend file"), "PostgreSQL has no space left on its disk", id="full"),
        pytest.param(StoreReadOnlyError("PostgreSQL is read-only"), "PostgreSQL is read-only", id="read-only"),
    ],
)
async def test_a_database_that_fails_is_mailed_from_memory_once_and_its_end_once(
    sink: SmtpSink, error: StoreUnavailableError, words: str
) -> None:
    async with Database.open(NOWHERE) as nothing:
        case = NoticeCase(nothing, sink)
        case.leading = False
        case.health.store_failed(error)
        case.notices._led_at = case.clock.now  # it scheduled until the database failed
        for _ in range(5):
            await case.review(10)
        assert case.mailed() == ["PostgreSQL stores nothing"]
        text = " ".join(sink.received[0].text().split())
        assert words in text
        assert "Controller web-1" in text
        assert "Another controller may send this message too" in text
        case.health.working(DATABASE)
        for _ in range(5):
            case.leading = False
            await case.review(10)
        assert case.mailed() == ["PostgreSQL stores nothing", "PostgreSQL stores again"]
        first, second = sink.received
        assert first.message["References"] == second.message["References"]


async def test_a_controller_that_does_not_schedule_waits_for_the_one_that_does(sink: SmtpSink) -> None:
    async with Database.open(NOWHERE) as nothing:
        case = NoticeCase(nothing, sink)
        case.leading = False
        case.health.store_failed(StoreFullError("full"))
        await case.review(50)
        assert case.mailed() == []
        await case.review(12)
        assert case.mailed() == ["PostgreSQL stores nothing"]


async def test_a_mail_that_the_relay_refused_for_now_is_sent_later(sink: SmtpSink) -> None:
    async with Database.open(NOWHERE) as nothing:
        case = NoticeCase(nothing, sink)
        case.leading = False
        sink.refusals[OPS] = "451 4.3.0 try again"
        case.health.store_failed(StoreFullError("full"))
        await case.review(100)
        assert case.mailed() == []
        del sink.refusals[OPS]
        await case.review(2)
        assert case.mailed() == []
        await case.review(5)
        assert case.mailed() == ["PostgreSQL stores nothing"]
        await case.review(3600)
        assert len(case.mailed()) == 1
