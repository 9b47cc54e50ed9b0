"""Name servers that answer late, or about one family only, delay no check more than once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from agent.checks.runner import run_check
from agent.net.lookup import Lookup
from shared.wire.targets import IpFamily
from shared.wire.targets.smtp import SmtpTarget
from tests.fakes.certificates import Certificates
from tests.fakes.context import context, request
from tests.fakes.name_server import AAAA, A, Answering, Wrong, Zone, serving
from tests.fakes.scripted_server import playing

QUICK = "quick.test"
LONGEST_SECONDS = 30
"""Longer than any lookup takes, on a busy machine too."""
SHORT, ENDLESS = 0.2, 60.0
"""Patience that ends soon, and patience that would outlast the test."""


@asynccontextmanager
async def looking_up(zone: Zone) -> AsyncIterator[Lookup]:
    async with serving(zone) as server, asyncio.timeout(LONGEST_SECONDS):
        lookup = Lookup([server])
        try:
            yield lookup
        finally:
            await lookup.close()


@pytest.mark.parametrize(
    ("known", "silent_about"), [pytest.param("192.0.2.1", AAAA, id="AAAA"), pytest.param("2001:db8::1", A, id="A")]
)
async def test_silence_about_one_family_is_waited_for_once(known: str, silent_about: int) -> None:
    zone: Zone = {"half.test": Answering([known], silent_about=(silent_about,))}
    async with looking_up(zone) as lookup:
        assert list((await lookup.addresses("half.test", IpFamily.ANY, SHORT)).addresses) == [known]
        assert list((await lookup.addresses("half.test", IpFamily.ANY, ENDLESS)).addresses) == [known]


async def test_a_family_that_is_answered_again_is_used_again() -> None:
    zone: dict[str, list[str] | Wrong | Answering] = {"half.test": Answering(["192.0.2.1"], silent_about=(AAAA,))}
    async with looking_up(zone) as lookup:
        await lookup.addresses("half.test", IpFamily.ANY, SHORT)
        zone["half.test"] = ["192.0.2.1", "2001:db8::1"]
        await lookup.addresses("half.test", IpFamily.IPV6)  # the query that still runs, which c-ares repeats
        found = await lookup.addresses("half.test", IpFamily.ANY, ENDLESS)
    assert list(found.addresses) == ["2001:db8::1", "192.0.2.1"]


async def test_silence_about_one_name_says_nothing_about_another() -> None:
    late = Answering(["192.0.2.1", "2001:db8::1"], seconds=0.1)
    async with looking_up({"half.test": Answering(["192.0.2.1"], silent_about=(AAAA,)), "late.test": late}) as lookup:
        await lookup.addresses("half.test", IpFamily.ANY, SHORT)
        assert len((await lookup.addresses("late.test", IpFamily.ANY, ENDLESS)).addresses) == 2


async def test_a_check_that_ends_while_it_waits_leaves_the_next_one_no_wait() -> None:
    async with looking_up({"half.test": Answering(["192.0.2.1"], silent_about=(AAAA,))}) as lookup:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SHORT):
                await lookup.addresses("half.test", IpFamily.ANY, ENDLESS)
        assert (await lookup.addresses("half.test", IpFamily.ANY, ENDLESS)).addresses == ["192.0.2.1"]


async def test_a_name_that_takes_long_where_others_are_quick_is_waited_for() -> None:
    """c-ares learns from the quick ones how long an answer takes, and would give up after a second."""
    slow = Answering(["192.0.2.2"], seconds=2.5)
    async with looking_up({QUICK: ["192.0.2.1"], "slow.test": slow}) as lookup:
        for _ in range(3):
            await lookup.addresses(QUICK, IpFamily.IPV4)
        assert (await lookup.addresses("slow.test", IpFamily.IPV4)).addresses == ["192.0.2.2"]


async def test_many_who_ask_at_once_send_one_query() -> None:
    async with looking_up({QUICK: ["192.0.2.1"]}) as lookup:
        asking = [asyncio.create_task(lookup.addresses(QUICK, IpFamily.IPV4)) for _ in range(50)]
        await asyncio.sleep(0)
        assert len(lookup._running) == 1
        found = await asyncio.gather(*asking)
    assert {tuple(one.addresses) for one in found} == {("192.0.2.1",)}


async def test_who_asks_in_the_moment_in_which_a_query_ends_begins_another() -> None:
    async with looking_up({QUICK: ["192.0.2.1"]}) as lookup:
        ended = lookup._query(QUICK, "A")
        ended.cancel()
        assert (await lookup.addresses(QUICK, IpFamily.IPV4)).addresses == ["192.0.2.1"]
        assert lookup._running == {}


async def test_a_check_with_a_short_timeout_does_not_wait_for_the_silent_family(certificates: Certificates) -> None:
    zone: Zone = {"half.test": Answering(["127.0.0.1"], silent_about=(AAAA,))}
    script = ("S: 220 x", "C: EHLO", "S: 250 x", "C: QUIT", "S: 221 x")
    async with (
        serving(zone) as names,
        context(certificates, nameservers=[names], punctual=True) as probe_context,
        playing(script) as server,
    ):
        target = SmtpTarget(host="half.test", port=server.port)
        result = await run_check(request(target, timeout_seconds=1.9), probe_context)
    assert result.failure is None
