from __future__ import annotations

from datetime import timedelta

import pytest

from controller.store.locations import locations
from controller.store.locations.keys import announced, given_keys, revoked_users
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.wire.messages import Heartbeat, Unfitness
from tests.integration.store.conftest import Store


async def add(database: Database, code: str, country: str) -> int:
    async with locations.inserting(
        database, code=code, name=f"{code}!", country_code=country, public_key="k", nats_user=f"U{code}"
    ) as location:
        assert location is not None
    return location.id


def heartbeat(**fields: object) -> Heartbeat:
    values: dict[str, object] = {
        "agent": "a",
        "location": "de",
        "country": "DE",
        "kinds": ["smtp"],
        "version": "1",
        "started_at": utc_now() - timedelta(hours=1),
        "sent_at": utc_now(),
    }
    return Heartbeat(**(values | fields))  # type: ignore[arg-type]


async def test_locations_are_read_by_code(store: Store) -> None:
    us, de = await add(store.database, "us", "US"), await add(store.database, "de", "DE")
    found = await locations.all_locations(store.database)
    assert [(here.id, here.code, here.name, here.country_code, here.enabled) for here in found] == [
        (de, "de", "de!", "DE", True),
        (us, "us", "us!", "US", True),
    ]
    assert await locations.by_code(store.database, "us") == found[1]
    assert await locations.by_code(store.database, "fr") is None


async def test_a_code_is_given_once(store: Store) -> None:
    await add(store.database, "de", "DE")
    async with locations.inserting(
        store.database, code="de", name="x", country_code="US", public_key="other", nats_user="Uother"
    ) as location:
        assert location is None
    (kept,) = await locations.all_locations(store.database)
    assert (kept.country_code, kept.public_key) == ("DE", "k")


async def test_a_location_whose_file_could_not_be_written_is_not_stored(store: Store) -> None:
    with pytest.raises(LookupError):
        async with locations.inserting(
            store.database, code="de", name="x", country_code="DE", public_key="k", nats_user="U"
        ):
            raise LookupError
    assert await locations.all_locations(store.database) == []


async def test_keys_are_refused_until_a_location_has_them(store: Store) -> None:
    database = store.database
    async with announced(database, sealing_key="k", nats_user="Ude"):
        assert await revoked_users(database) == {"Ude": None}
        assert await given_keys(database) == {}
        de = await add(database, "de", "DE")
        assert await revoked_users(database) == {}
    assert list(await given_keys(database)) == [de]
    async with announced(database, sealing_key="k", nats_user="Unobody"):
        pass
    with pytest.raises(LookupError):
        async with announced(database, sealing_key="k", nats_user="Usomebody"):
            raise LookupError
    assert await revoked_users(database) == {"Usomebody": None}


async def test_a_heartbeat_is_seen_by_the_databases_clock(store: Store) -> None:
    de = await add(store.database, "de", "DE")
    before = await store.value("SELECT now()")
    assert await locations.record_heartbeat(store.database, heartbeat(sent_at=utc_now() - timedelta(days=9)))
    assert await locations.record_heartbeat(store.database, heartbeat(agent="b", kinds=["smtp", "imap"]))
    assert await locations.record_heartbeat(store.database, heartbeat(version="2"))
    a, b = (await locations.sightings(store.database)).agents[de]
    assert (a.name, a.kinds, a.version) == ("a", ["smtp"], "2")
    assert (b.name, b.kinds, b.version) == ("b", ["smtp", "imap"], "1")
    assert abs(a.last_seen_at - before) < timedelta(minutes=1)


async def test_the_latest_heartbeat_holds_how_much_an_agent_does_and_what_it_cannot_do(store: Store) -> None:
    de = await add(store.database, "de", "DE")
    sent = heartbeat(running=3, waiting=2, capacity=100, loop_lag_ms=0.5, unfit=[Unfitness.NO_IPV6, Unfitness.UNKNOWN])
    assert await locations.record_heartbeat(store.database, sent)
    [[stored]] = (await locations.sightings(store.database)).agents.values()
    assert (stored.running, stored.waiting, stored.capacity, stored.loop_lag_ms) == (3, 2, 100, 0.5)
    assert stored.unfit == [Unfitness.NO_IPV6, Unfitness.UNKNOWN]
    assert await locations.record_heartbeat(store.database, heartbeat())
    [again] = (await locations.sightings(store.database)).agents[de]
    assert (again.running, again.waiting, again.capacity, again.loop_lag_ms, again.unfit) == (0, 0, 0, 0.0, [])


@pytest.mark.parametrize(("location", "country"), [("fr", "FR"), ("de", "US"), ("", "DE")])
async def test_a_heartbeat_from_nowhere_is_not_registered(store: Store, location: str, country: str) -> None:
    await add(store.database, "de", "DE")
    assert not await locations.record_heartbeat(store.database, heartbeat(location=location, country=country))
    assert (await locations.sightings(store.database)).agents == {}


async def test_codes_and_countries_are_known_in_any_case(store: Store) -> None:
    await add(store.database, "de", "DE")
    assert await locations.record_heartbeat(store.database, heartbeat(location="DE", country="de"))
