"""What varies between checks is in their blocks and makes no shapes; shapes are forgotten with the blocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from controller.decisions.history.history import Order, Position, Slice
from controller.decisions.history.retention import RetentionChoice
from controller.model import Monitor
from controller.model.retention import DETAIL_DAYS, Retention
from controller.pipeline.housekeeping import maintain_partitions
from controller.pipeline.retention.removal import remove_expired
from controller.store.checks.history import check_history
from controller.store.checks.result_history import ResultFilter, ResultScope, results_in
from controller.store.retention import choices
from shared.wire.messages import CheckResult
from tests.integration.store.blocks.random_history import put
from tests.integration.store.blocks.test_answers import DAY, fold_all, start_again
from tests.integration.store.conftest import Store
from tests.integration.store.test_rollups import HOUR, result

MINUTE = timedelta(minutes=1)
HOURS = 4
CAPABILITIES = ["PIPELINING", "SIZE 10240000", "STARTTLS", "AUTH PLAIN LOGIN", "8BITMIME"]
SHAPES = "SELECT count(*) FROM result_shape WHERE monitor_id = $1"


@pytest.fixture
async def begin(store: Store, midnight: datetime) -> datetime:
    await start_again(store, midnight)
    await store.value("TRUNCATE result_shape")
    return midnight


def exim(n: int, at: datetime) -> dict[str, Any]:
    """The greeting has the time."""
    banner = f"mx.example.com ESMTP Exim 4.96 {at:%a, %d %b %Y %H:%M}:{n * 7 % 60:02} +0000"
    return {"address": "192.0.2.1", "facts": {"banner": banner, "tlsVersion": "TLSv1.3", "capabilities": CAPABILITIES}}


def gmail(n: int, at: datetime) -> dict[str, Any]:
    """Greeting and reply have ids, and an option of the check comes and goes."""
    greeted, accepted = (sha256(f"{part} {at}".encode()).hexdigest()[:20] for part in ("greeting", "reply"))
    facts = {"banner": f"mx ESMTP {greeted} - gsmtp", "recipientReply": f"250 OK {accepted}", "tlsVersion": "TLSv1.3"}
    return {"facts": facts | ({"pipelined": True} if n % 3 else {})}


def mailbox(n: int, at: datetime) -> dict[str, Any]:
    """A mail comes now and then."""
    mails = int(at.timestamp() // 540)
    facts = {"messages": mails % 1000, "octets": mails * 3301, "uidNext": mails, "capabilities": ["IDLE", "UIDPLUS"]}
    return {"address": "192.0.2.1", "facts": facts}


def pool(n: int, at: datetime) -> dict[str, Any]:
    """Twenty servers, with certificates of their own, seen from a location of three agents; one check reached none."""
    server = n * 7 % 20
    facts = {"banner": f"mx{server} ready", "certificateSerial": f"{server * 977:032x}", "tlsVersion": "TLSv1.3"}
    return {"agent": f"de-{n % 3}", "address": f"192.0.2.{server}" if n != 5 else None, "facts": facts}


def detailed(n: int, at: datetime) -> dict[str, Any]:
    return {"detail": None if n % 8 == 3 else {"kind": "dns", "serial": n, "name": "example.com"}, "facts": {}}


def results(monitor: Monitor, begin: datetime, found: Callable[[int, datetime], dict[str, Any]]) -> list[CheckResult]:
    """One a minute for some hours."""
    moments = [begin + n * MINUTE for n in range(60 * HOURS)]
    return [msgspec.structs.replace(result(monitor.public_id, at), **found(n % 60, at)) for n, at in enumerate(moments)]


@pytest.mark.parametrize(("found", "shapes"), [(exim, 1), (gmail, 2), (mailbox, 1), (pool, 1), (detailed, 1)])
async def test_what_varies_makes_no_shapes_and_is_read_as_it_was(
    store: Store, begin: datetime, found: Callable[[int, datetime], dict[str, Any]], shapes: int
) -> None:
    monitor = await store.monitor()
    await put(store, results(monitor, begin, found))
    before = await check_history(store.database, monitor.id, monitor.public_id, limit=1000)
    texts = "SELECT array_agg(facts::text ORDER BY due_at) FROM results_of($1, '-infinity', 'infinity')"
    stored = await store.value(texts, monitor.id)

    assert await fold_all(store, begin) == 60 * HOURS
    assert await store.value("SELECT count(*) FROM result") == 0
    assert await store.value(SHAPES, monitor.id) == shapes
    after = await check_history(store.database, monitor.id, monitor.public_id, limit=1000)
    assert [(one.due_at, one.agent, one.address, one.facts, one.detail) for one in after] == [
        (one.due_at, one.agent, one.address, one.facts, one.detail) for one in before
    ]
    assert await store.value(texts, monitor.id) == stored
    scope, end = ResultScope(organization_id=store.organization), begin + DAY
    for order, start in ((Order.ASC, begin), (Order.DESC, end)):
        part = Slice(begin, end, Position(start))
        by_time = await results_in(store.database, scope, ResultFilter(), part, order, by_monitor=None, limit=1000)
        by_time = by_time if order is Order.ASC else by_time[::-1]
        assert [(one.due_at, one.agent, one.address, one.facts, one.detail) for one in by_time] == [
            (one.due_at, one.agent, one.address, one.facts, one.detail) for one in before[::-1]
        ]


async def test_checks_of_which_each_has_much_of_its_own_stay_whole(store: Store, begin: datetime) -> None:
    monitor = await store.monitor()

    def long(n: int, at: datetime) -> dict[str, Any]:
        return {"facts": {"recipientReply": sha256(str(at).encode()).hexdigest() * 4}}

    await put(store, results(monitor, begin, long))
    assert await fold_all(store, begin) == 0
    assert await store.value(SHAPES, monitor.id) == 0


async def test_what_an_organization_keeps_no_longer_leaves_no_shapes(store: Store, begin: datetime) -> None:
    """Another organization's monitor has the same facts."""
    organization = await store.value("INSERT INTO organization (name) VALUES ('P') RETURNING id")
    insert = "INSERT INTO customer (organization_id, name) VALUES ($1, 'E') RETURNING id"
    customer = await store.value(insert, organization)
    own, other = await store.monitor(), await store.monitor(organization_id=organization, customer_id=customer)
    for monitor in (own, other):
        await put(store, [result(monitor.public_id, begin + n * MINUTE, facts={"banner": "old"}) for n in range(60)])
        late = begin + DAY
        await put(store, [result(monitor.public_id, late + n * MINUTE, facts={"banner": "new"}) for n in range(60)])
    assert await fold_all(store, begin) == 240
    assert [await store.value(SHAPES, monitor.id) for monitor in (own, other)] == [2, 2]

    async with store.database.transaction() as connection:
        await choices.of_organization(connection, store.organization, lock=True)
        choice = RetentionChoice(chosen=Retention(results_days=7))
        await choices.save(connection, store.organization, choice)
    await remove_expired(store.database, begin + 8 * DAY + HOUR)
    banners = "SELECT array_agg(facts ->> 'banner' ORDER BY id) FROM result_shape WHERE monitor_id = $1"
    assert await store.value(banners, own.id) == ["new"]
    assert await store.value(banners, other.id) == ["old", "new"]
    assert await store.value("SELECT count(*) FROM results_of($1, '-infinity', 'infinity')", own.id) == 60


async def test_a_deleted_monitor_leaves_no_shapes(store: Store, begin: datetime) -> None:
    gone, other = await store.monitor(), await store.monitor()
    for monitor in (gone, other):
        await put(store, results(monitor, begin, exim))
    await fold_all(store, begin)
    long_ago = timedelta(days=DETAIL_DAYS + 31)
    await store.value("UPDATE monitor SET deleted_at = now() - $2::interval WHERE id = $1", gone.id, long_ago)
    await maintain_partitions(store.database)
    assert await store.value("SELECT array_agg(DISTINCT monitor_id) FROM result_shape") == [other.id]
    assert await store.value("SELECT array_agg(DISTINCT monitor_id) FROM result_block") == [other.id]
