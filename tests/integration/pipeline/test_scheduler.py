from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest
from cryptography.fernet import Fernet

from controller.pipeline.dispatcher import Dispatcher
from controller.pipeline.janitor import prepare_partitions, settle_checks
from controller.pipeline.loops import keep
from controller.pipeline.roster import Roster
from controller.pipeline.scheduler import Scheduler
from controller.store.scheduled import monitor_to_trigger
from controller.vault import Vault, VaultKeys
from shared import subjects
from shared.clock import utc_now
from shared.messages import CheckRequest
from shared.rounds import Purpose, check_id, next_due_ms, to_ms
from shared.sealing import open_login
from shared.targets import KINDS, SmtpTarget, TlsMode
from tests.fakes.installation import SIGNER
from tests.integration.pipeline.world import World, eventually

KEY = Fernet.generate_key().decode()


class Controller:
    """The scheduling part of one controller."""

    def __init__(self, world: World, url: str, name: str) -> None:
        self.vault = Vault(VaultKeys(KEY))
        self.roster = Roster(world.db, world.bus, SIGNER)
        self.dispatcher = Dispatcher(world.db, world.bus, self.vault, SIGNER)
        self.scheduler = Scheduler(world.db, url, name, self.roster, self.dispatcher)
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.tasks = [
            asyncio.create_task(keep("heartbeats", self.roster.follow_heartbeats)),
            asyncio.create_task(keep("roster", self.roster.refresh, every_seconds=0.1)),
            asyncio.create_task(keep("scheduler", self.scheduler.lead_once)),
        ]

    async def die(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


@asynccontextmanager
async def controller(
    world: World, url: str, name: str = "one", ready: tuple[str, ...] = ("DE", "US")
) -> AsyncIterator[Controller]:
    """A controller that schedules, with an agent ready in these countries."""
    it = Controller(world, url, name)
    it.start()

    async def seen() -> bool:
        for country in ready:
            await world.heartbeat(country)
        return bool(await world.value("SELECT count(DISTINCT location_id) FROM agent") == len(ready))

    await eventually(seen)
    await eventually(lambda: _consumers_made(world))
    try:
        yield it
    finally:
        await it.die()


async def _consumers_made(world: World) -> bool:
    return len(await world.bus.client.jsm().consumers_info(subjects.CHECKS)) == 2 * len(KINDS)


async def requests(world: World, country: str, count: int, within: float = 5.0) -> list[CheckRequest]:
    found: list[CheckRequest] = []

    async def enough() -> bool:
        found.extend(await world.take_requests(country, 0.1))
        return len(found) >= count

    await eventually(enough, within)
    return found


async def test_a_new_monitor_is_asked_for_at_once_in_every_country(world: World, database_url: str) -> None:
    async with controller(world, database_url):
        monitor = await world.monitor()
        async with asyncio.timeout(2):
            [german], [american] = [await requests(world, country, 1) for country in ("DE", "US")]
    due = await world.value("SELECT target_changed_at FROM monitor")
    for request in (german, american):
        assert (request.monitor_id, request.due_at, request.purpose) == (monitor, due, Purpose.SCHEDULED)
        assert request.check_id == check_id(monitor, to_ms(due), request.location, Purpose.SCHEDULED)
        assert request.start_by == due + timedelta(seconds=5)
        assert request.timeout_seconds == 5
        assert request.target == SmtpTarget(host="smtp.example.com", port=25, tls=TlsMode.OPPORTUNISTIC)
    assert (german.country, american.country) == ("DE", "US")


async def test_the_second_round_comes_at_its_phase(world: World, database_url: str) -> None:
    async with controller(world, database_url):
        monitor = await world.monitor(interval=2)
        first, second = (await requests(world, "DE", 2))[:2]
    due_ms = next_due_ms(monitor, 2000, to_ms(first.due_at), to_ms(first.due_at))
    assert to_ms(second.due_at) == due_ms
    assert utc_now() - second.due_at < timedelta(seconds=2)


async def test_a_monitor_limited_to_one_country_is_asked_for_there_only(world: World, database_url: str) -> None:
    async with controller(world, database_url):
        await world.monitor(countries=["DE"])
        assert len(await requests(world, "DE", 1)) == 1
        assert await world.take_requests("US", 0.3) == []


async def test_a_change_made_elsewhere_reaches_the_leader_within_a_second(world: World, database_url: str) -> None:
    async with controller(world, database_url):
        await world.monitor(interval=3600)
        await requests(world, "DE", 1)
        await world.value("UPDATE monitor SET hostname = 'new.example.com', target_changed_at = clock_timestamp()")
        [changed] = await requests(world, "DE", 1, within=1.0)
        assert changed.target.host == "new.example.com"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE monitor SET status = 'disabled'", id="disabled"),
        pytest.param("UPDATE monitor SET deleted_at = now()", id="deleted"),
    ],
)
async def test_a_monitor_that_is_no_longer_active_is_not_asked_for(
    world: World, database_url: str, change: str
) -> None:
    async with controller(world, database_url) as it:
        await world.monitor(interval=1)
        await requests(world, "DE", 2)
        await world.value(change)
        await asyncio.sleep(0.3)
        await world.take_requests("DE", 0.1)
        assert await world.take_requests("DE", 1.5) == []
        assert not any(task.done() for task in it.tasks)


async def test_the_standby_goes_on_when_the_leader_is_gone_and_nothing_is_lost_or_doubled(
    world: World, database_url: str
) -> None:
    async with controller(world, database_url, "one") as first, controller(world, database_url, "two"):
        monitor = await world.monitor(interval=1)
        seen = await requests(world, "DE", 2)
        leader = await world.value("SELECT leader FROM schedule")
        assert leader == "one"
        await first.die()
        seen += await requests(world, "DE", 3)
        assert await world.value("SELECT leader FROM schedule") == "two"
    moments = sorted(to_ms(request.due_at) for request in seen)
    assert len(set(moments)) == len(moments)
    expected = [moments[0]]
    while len(expected) < len(moments):
        expected.append(next_due_ms(monitor, 1000, moments[0], expected[-1]))
    assert moments == expected


async def test_a_leader_that_gives_no_sign_of_life_is_replaced(world: World, database_url: str) -> None:
    from controller.store.pool import connect
    from controller.store.schedule import LEADER_LOCK

    frozen = await connect(database_url)
    await frozen.execute("SELECT pg_advisory_lock($1)", LEADER_LOCK)
    await frozen.execute(
        "UPDATE schedule SET leader = 'frozen', leader_backend = pg_backend_pid(), epoch = epoch + 1,"
        " beat_at = clock_timestamp() - interval '4 s'"
    )
    async with controller(world, database_url, "standby"):

        async def replaced() -> bool:
            return bool(await world.value("SELECT leader = 'standby' FROM schedule"))

        await eventually(replaced)
        assert frozen.is_closed()


async def test_a_country_without_an_agent_leaves_a_gap_with_that_reason(world: World, database_url: str) -> None:
    async with controller(world, database_url, ready=("DE",)) as it:

        async def known() -> bool:
            return any(it.roster._abilities.values())

        await eventually(known)
        # Without this the scheduler waits for a heartbeat's time before it calls a location silent.
        it.roster._listening_since = 0.0
        await world.monitor()
        await requests(world, "DE", 1)

        async def gaps() -> list[tuple[object, ...]]:
            await settle_checks(world.db)
            return await world.rows("SELECT code, reason FROM gap JOIN location ON location.id = location_id")

        assert await eventually(gaps) == [("us", "no_agent")]


async def test_rounds_of_a_long_absence_become_one_gap_a_location(world: World, database_url: str) -> None:
    monitor = await world.monitor(interval=60)
    await world.value("UPDATE monitor SET target_changed_at = now() - interval '1 hour'")
    start = utc_now() - timedelta(minutes=30)
    await world.value("UPDATE schedule SET watermark = $1, planned_until = $1", start)
    async with controller(world, database_url):

        async def gaps() -> list[tuple[object, ...]]:
            return await world.rows("SELECT from_at, to_at, reason FROM gap ORDER BY location_id")

        found = await eventually(gaps)
    assert len(found) == 2
    for first, last, reason in found:
        assert isinstance(first, type(start))
        assert isinstance(last, type(start))
        assert to_ms(first) == next_due_ms(monitor, 60_000, 0, to_ms(start))
        assert timedelta(seconds=99) < utc_now() - last < timedelta(seconds=170)
        assert reason == "late"


async def test_an_absence_longer_than_history_is_kept_ends_in_scheduling_again(world: World, database_url: str) -> None:
    monitor = await world.monitor(interval=3600)
    start = utc_now() - timedelta(days=40)
    await world.value("UPDATE monitor SET target_changed_at = $1", start)
    await world.value("UPDATE schedule SET watermark = $1, planned_until = $1", start)
    await world.value(
        "INSERT INTO dispatch (settle_at, monitor_ids, due_ats, location_ids, purpose, reason)"
        " SELECT $1, ARRAY[monitor.id], ARRAY[$1::timestamptz], ARRAY[1], 'scheduled', 'no_result' FROM monitor",
        start,
    )
    await prepare_partitions(world.db)
    async with controller(world, database_url) as it:
        await settle_checks(world.db)
        assert await world.value("SELECT count(*) FROM dispatch") == 0
        stored = await monitor_to_trigger(world.db, await world.value("SELECT id FROM monitor"))
        assert stored
        await it.dispatcher.dispatch_triggered(stored, it.roster.configured(["DE"]))
        assert [request.monitor_id for request in await requests(world, "DE", 1)] == [monitor]

        async def gaps() -> list[tuple[object, ...]]:
            return await world.rows("SELECT from_at FROM gap")

        for (first,) in await eventually(gaps):
            assert utc_now() - timedelta(days=30) < first  # type: ignore[operator]


async def test_a_round_that_a_fallen_leader_wrote_down_is_not_called_late(world: World, database_url: str) -> None:
    """Its requests may be with the agents, and their results on the way."""
    monitor = await world.monitor(interval=10)
    first = utc_now() - timedelta(seconds=90)
    written = utc_now() - timedelta(seconds=30)
    await world.value("UPDATE monitor SET target_changed_at = $1", first)
    await world.value(
        "UPDATE schedule SET watermark = $1, planned_until = $2", written - timedelta(seconds=25), written
    )
    async with controller(world, database_url):

        async def caught_up() -> bool:
            return bool(await world.value("SELECT planned_until > now() - interval '1 s' FROM schedule"))

        await eventually(caught_up)
    late = {to_ms(due) for (due,) in await world.rows("SELECT unnest(due_ats) FROM dispatch WHERE reason = 'late'")}
    assert min(late) == next_due_ms(monitor, 10_000, to_ms(first), to_ms(written))


async def test_a_change_while_the_leader_catches_up_loses_no_round(world: World, database_url: str) -> None:
    monitor = await world.monitor(interval=10)
    first = utc_now() - timedelta(seconds=60)
    await world.value("UPDATE monitor SET target_changed_at = $1", first)
    await world.value("UPDATE schedule SET watermark = $1, planned_until = $1", first - timedelta(seconds=1))
    async with controller(world, database_url):

        async def caught_up() -> bool:
            await world.value("UPDATE monitor SET name = name || '.'")
            return bool(await world.value("SELECT planned_until > now() - interval '1 s' FROM schedule"))

        await eventually(caught_up)
        until = to_ms(await world.value("SELECT planned_until FROM schedule"))
    planned = {to_ms(due) for (due,) in await world.rows("SELECT DISTINCT unnest(due_ats) FROM dispatch")}
    wanted, due = {to_ms(first)}, to_ms(first)
    while (due := next_due_ms(monitor, 10_000, to_ms(first), due)) < until:
        wanted.add(due)
    assert wanted <= planned


async def test_a_password_reaches_its_location_and_nobody_else(world: World, database_url: str) -> None:
    async with controller(world, database_url) as it:
        config = it.vault.conceal({"auth": {"user": "alice", "pass": "wonderland"}}, None, field="smtpConfig")
        monitor = await world.monitor(config=config)
        [german], [american] = [await requests(world, country, 1) for country in ("DE", "US")]
    assert german.sealed_login
    assert american.sealed_login
    login = open_login(german.sealed_login, world.sealing_keys["de"], monitor=monitor, location="de")
    assert (login.user, login.password.reveal()) == ("alice", "wonderland")
    with pytest.raises(Exception, match="not sealed for this location"):
        open_login(german.sealed_login, world.sealing_keys["us"], monitor=monitor, location="de")
    with pytest.raises(Exception, match="not sealed for this location"):
        open_login(german.sealed_login, world.sealing_keys["de"], monitor=UUID(int=1), location="de")


async def test_a_trigger_asks_now_and_leaves_a_gap_when_nobody_answers(world: World, database_url: str) -> None:
    async with controller(world, database_url) as it:
        await world.monitor(interval=3600)
        await requests(world, "DE", 1)
        monitor = await monitor_to_trigger(world.db, await world.value("SELECT id FROM monitor"))
        assert monitor
        await it.dispatcher.dispatch_triggered(monitor, it.roster.configured(["DE"]))
        [request] = await requests(world, "DE", 1)
        assert request.purpose is Purpose.TRIGGERED
        await world.value("UPDATE dispatch SET settle_at = now() WHERE purpose = 'triggered'")
        await settle_checks(world.db)
        assert await world.rows("SELECT purpose, reason FROM gap") == [("triggered", "no_result")]


async def test_a_heartbeat_of_an_unknown_location_is_not_registered(world: World, database_url: str) -> None:
    async with controller(world, database_url):
        await world.heartbeat("FR")
        await world.heartbeat("DE", agent="agent-2")

        async def seen() -> bool:
            return bool(await world.value("SELECT count(*) FROM agent") == 3)

        await eventually(seen)
        assert await world.value("SELECT count(*) FROM location") == 2
