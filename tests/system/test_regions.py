"""Three regions far from the centre, servers of NATS killed, a controller killed, one region cut off: everything is
booked once, what could not be seen is named, and nobody is told of an outage.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from shared.clock import now_ms
from shared.messages import READY_SECONDS
from shared.rounds import to_ms
from tests.conftest import requires
from tests.system import ledger, regions_books
from tests.system.product import eventually
from tests.system.regions import CENTRE, CENTRE_ADDRESSES, Regions, missing_for_regions
from tests.system.regions_books import Books, Gap
from tests.system.regions_installation import CONTROLLERS, NATS_SERVERS, Installation

MILLISECONDS = {"de": 20, "us": 90, "jp": 150}
"""How long a packet takes to the centre and to the mail servers, and as long back."""

COUNTRIES = {"de": "DE", "us": "US", "jp": "JP"}
CUT_OFF, OTHERS = "jp", {"de", "us"}
OFTEN, SELDOM = 10, 30
MONITORS = {OFTEN: 40, SELDOM: 40}
"""How many are checked every so many seconds."""

LEAD_SECONDS = 12
AWAY_SECONDS = 6
"""How long a killed server of NATS is away: long enough that requests and results meet only two."""

LEAVE_SECONDS = 5
"""How late a check of those that are looked at OFTEN may begin; the others may be 15 s late."""

HEADLESS_SECONDS = 11
"""How long a stream or consumer may have nobody who leads it, after the death of who did: servers wait 4 to 9 s before
they elect another one, and agents ask every second.
"""

BACK_SECONDS = 10
"""How soon a region is back: a try to connect takes 6 s at most, and login and heartbeat some of its long ways."""

_UNDER_WAY = 40
"""More dialogues than a region has at any moment: those that a cut ends, one side may know of and the other not."""

_SLOW_MS = 100
_TIE_MS = 2_000
"""How long before a death a check may have been due that meets it: agents ask a newly elected leader within a second,
and what it sends them then has its way to go.
"""


class Course(NamedTuple):
    """When servers of NATS were killed, and when the cable was cut and plugged in again."""

    kills_ms: list[int]
    cut_ms: int
    plugged_ms: int


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Iterator[Installation]:
    missing = missing_for_regions()
    requires(missing is None, str(missing))
    with Regions(MILLISECONDS) as regions:
        print(regions.way)
        with Installation(tmp_path, regions, database_url, COUNTRIES) as running:
            yield running
    print(regions.seen)
    assert not any(way["overflowed"] for cable in regions.seen.values() for way in cable), "the relay was too slow"


@pytest.mark.timeout(400)
def test_killed_servers_and_a_region_cut_off_for_a_while_are_booked_once_and_told_to_nobody(
    installation: Installation,
) -> None:
    _run(installation, READY_SECONDS + 6)


@pytest.mark.drill
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "homes",
    [
        pytest.param((), id="cut off from everything"),
        pytest.param((CENTRE,), id="cut off from the centre, not from the mail servers"),
    ],
)
def test_five_minutes_without_a_region_are_booked_once_and_told_to_nobody(
    installation: Installation, homes: tuple[str, ...]
) -> None:
    _run(installation, 300, *homes)


def _run(installation: Installation, cut_seconds: float, *homes: str) -> None:
    _is_as_far_as_said(installation)
    asyncio.run(ledger.record(installation.database_url))
    since_ms = now_ms()
    installation.watch(MONITORS)
    time.sleep(LEAD_SECONDS)
    kills_ms = [_kill_the_server_that_leads(installation, least=True)]
    kills_ms += [_kill_the_server_that_leads(installation, least=False)]
    _kill_the_leading_controller(installation)
    course = Course(kills_ms, *_cut_off(installation, cut_seconds, *homes))
    until_ms = now_ms()
    time.sleep(1)  # rounds due until then are planned by then
    installation.disable_monitors()
    late_of = (course.cut_ms + LEAVE_SECONDS * 1000, course.plugged_ms)
    with installation.regions.inside(CENTRE):
        books = asyncio.run(
            regions_books.close(installation, since_ms, until_ms, late_of=late_of, half_open=_UNDER_WAY)
        )
    _tell(books, course)
    _balances(books, course)
    _touches_nothing_else(installation, books, course)


def _is_as_far_as_said(installation: Installation) -> None:
    port = int(installation.broker().url.split(",")[0].rpartition(":")[2])
    for region, milliseconds in MILLISECONDS.items():
        trips = [installation.regions.round_trip_ms(region, CENTRE_ADDRESSES[0], port) for _ in range(5)]
        assert 2 * milliseconds <= min(trips) < 2 * milliseconds + _SLOW_MS, (region, trips)


def _kill_the_server_that_leads(installation: Installation, *, least: bool) -> int:
    """Kill a server of NATS, the one that leads least or most; it comes back. The moment of its death."""
    led = {name: led for name, led in installation.leaders().items() if name}
    chosen = (min if least else max)(led, key=lambda name: ("CHECKS" in led[name], "meta" in led[name]))
    print(f"kill {chosen}, which leads {led[chosen]}")
    installation.kill(chosen)
    killed_ms = now_ms()
    installation.restart(chosen, AWAY_SECONDS)
    eventually(lambda: all(map(installation.is_healthy, NATS_SERVERS)), "all of NATS is well again", 30)
    eventually(lambda: not installation.leaders()[""], "everything in NATS is led", 30)
    return killed_ms


def _kill_the_leading_controller(installation: Installation) -> None:
    """The other one takes over while it is away."""
    pid = asyncio.run(regions_books.leader(installation.database_url))
    [leading] = [name for name in CONTROLLERS if installation.pid(name) == pid]
    [other] = [name for name in CONTROLLERS if name != leading]
    print(f"kill {leading}, which leads")
    installation.kill(leading)

    def taken_over() -> bool:
        return asyncio.run(regions_books.leader(installation.database_url)) == installation.pid(other)

    eventually(taken_over, "the other controller leads", 10)
    installation.restart(leading)


def _cut_off(installation: Installation, seconds: float, *homes: str) -> tuple[int, int]:
    """When the cable was cut, and when it was plugged in again."""
    print(f"cut {CUT_OFF} off from {', '.join(homes) or 'everything'} for {seconds:.0f} s")
    installation.regions.cut(CUT_OFF, *homes)
    cut_ms = now_ms()
    time.sleep(seconds)
    assert installation.ready_locations() == OTHERS
    assert installation.ask("GET", "/api/incidents") == []
    installation.regions.plug(CUT_OFF, *homes)
    plugged_ms = now_ms()
    eventually(lambda: installation.ready_locations() == {*COUNTRIES}, f"{CUT_OFF} is back", BACK_SECONDS)
    time.sleep(plugged_ms / 1000 + BACK_SECONDS + OFTEN - time.time())
    return cut_ms, plugged_ms


def _tell(books: Books, course: Course) -> None:
    print(books.balance)
    for (location, reason, interval), count in sorted(
        Counter((gap.location, gap.reason, gap.interval_seconds) for gap in books.gaps).items()
    ):
        due = [gap.due_ms for gap in books.gaps if gap[:3] == (location, reason, interval)]
        span = [(moment - course.cut_ms) / 1000 for moment in (min(due), max(due))]
        print(f"{location}: {count} × {reason} of those every {interval} s, due {span} s after the cut")
    cut_seconds = (course.plugged_ms - course.cut_ms) / 1000
    kills = [(kill_ms - course.cut_ms) / 1000 for kill_ms in course.kills_ms]
    print(f"kills at {kills} s; the cut lasted {cut_seconds:.1f} s; handed in late: {books.late}")


def _balances(books: Books, course: Course) -> None:
    """One result or one gap for every check, and gaps where and when they must be only."""
    balance = books.balance
    assert not balance.problems, str(balance)
    assert balance.expected > MONITORS[OFTEN] * len(COUNTRIES) * 6
    strange = [gap for gap in books.gaps if not _is_of_the_cut(gap, course) and not _is_of_a_kill(gap, course)]
    assert strange == []
    assert {gap.reason for gap in books.gaps if _is_of_the_cut(gap, course)} == {"no_result", "no_agent"}
    assert balance.unreported < _UNDER_WAY
    assert books.late.keys() == {CUT_OFF}  # kept while it was cut off, and handed in instead of a gap


def _is_of_the_cut(gap: Gap, course: Course) -> bool:
    """Of the region that was cut off, due then, or shortly before and not begun yet."""
    begun_ms = course.cut_ms - gap.interval_seconds * 500
    over_ms = course.plugged_ms + BACK_SECONDS * 1000
    return gap.location == CUT_OFF and begun_ms <= gap.due_ms <= over_ms


def _is_of_a_kill(gap: Gap, course: Course) -> bool:
    """Of a check that is due too often for a cluster to elect whom it needs before the check would be too late."""
    return gap.interval_seconds == OFTEN and _is_headless(gap.due_ms, course)


def _is_headless(due_ms: int, course: Course) -> bool:
    """Whether a check due OFTEN may be too late, due at this moment, because somebody was missing who leads."""
    span_ms = (HEADLESS_SECONDS - LEAVE_SECONDS) * 1000
    return any(kill_ms - _TIE_MS <= due_ms <= kill_ms + span_ms for kill_ms in course.kills_ms)


def _touches_nothing_else(installation: Installation, books: Books, course: Course) -> None:
    assert installation.ask("GET", "/api/incidents") == []
    assert books.incidents == []
    for event in (event for event in books.verdicts if event.verdict != "up"):
        assert event.verdict == "unknown", event  # most of its locations missed that round
        assert event.evidence, event
        assert _is_headless(to_ms(event.evidence.due_at), course), event
    for location in installation.ask("GET", "/api/locations"):
        named = {period["reason"] for period in location["blindPeriods"]}
        assert named == {gap.reason for gap in books.gaps if gap.location == location["code"]}, location
        assert location["parkedResults"] == []
    assert installation.errors() == []
