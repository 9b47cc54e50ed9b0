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
from uuid import UUID

import pytest

from controller.broker.streams import ACK_WAIT_SECONDS
from shared.clock import now_ms
from shared.wire.messages import READY_SECONDS
from shared.wire.rounds import phase_ms, start_by_ms, to_ms
from tests.conftest import requires
from tests.system import ledger, regions_books
from tests.system.product import eventually
from tests.system.regions import CENTRE, CENTRE_ADDRESSES, Regions, missing_for_regions
from tests.system.regions_books import Books, Gap
from tests.system.regions_installation import CONTROLLERS, Installation

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

LED_SECONDS = 60
"""How long NATS may need to be well and led after a death: servers wait 4 to 9 s before they elect another leader, and
once more as long when two stand for election at the same moment.
"""

BACK_SECONDS = 20
"""How soon a region is back: a try to connect takes 6 s at most, and login and heartbeat some of its long ways."""

_UNDER_WAY = 40
"""More dialogues than a region has at any moment: those that a cut ends, one side may know of and the other not."""

_SLOW_MS = 100
_TIE_MS = LEAVE_SECONDS * 1000
"""How long before a death a check may have been due that meets it, on its way there or back."""

_ASK_MS = 3_000
"""How long after an election a check may begin: agents ask every second, and what they are sent has its way to go."""

_SEEN_MS = 5_000
"""How long after a region is back it may not be asked yet: who schedules looks every second who is there."""


class Death(NamedTuple):
    """When somebody who leads was killed, and when everything was seen to be led again."""

    died_ms: int
    led_ms: int


class Course(NamedTuple):
    """Who died when, and when the cable was cut, was plugged in again, and the region was back."""

    deaths: list[Death]
    cut_ms: int
    plugged_ms: int
    back_ms: int


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


@pytest.mark.long
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
    deaths = [_kill_the_server_that_leads(installation, least=True)]
    deaths += [_kill_the_server_that_leads(installation, least=False)]
    deaths += [_kill_the_leading_controller(installation)]
    course = Course(deaths, *_cut_off(installation, cut_seconds, *homes))
    until_ms = now_ms()
    asyncio.run(ledger.planned(installation.database_url, until_ms))
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


def _kill_the_server_that_leads(installation: Installation, *, least: bool) -> Death:
    """Kill a server of NATS, the one that leads least or most; it comes back."""
    led = eventually(installation.all_led, "everything in NATS is led", LED_SECONDS)
    chosen = (min if least else max)(led, key=lambda name: ("CHECKS" in led[name], "meta" in led[name]))
    print(f"kill {chosen}, which leads {led[chosen]}")
    died_ms = now_ms()
    installation.kill(chosen)
    installation.restart(chosen, AWAY_SECONDS)
    eventually(installation.all_led, "all of NATS is well again, and led", LED_SECONDS)
    return Death(died_ms, now_ms())


def _kill_the_leading_controller(installation: Installation) -> Death:
    """The other one takes over while it is away."""
    pid = asyncio.run(regions_books.leader(installation.database_url))
    [leading] = [name for name in CONTROLLERS if installation.pid(name) == pid]
    [other] = [name for name in CONTROLLERS if name != leading]
    print(f"kill {leading}, which leads")
    died_ms = now_ms()
    installation.kill(leading)

    def taken_over() -> bool:
        return asyncio.run(regions_books.leader(installation.database_url)) == installation.pid(other)

    eventually(taken_over, "the other controller leads", 10)
    led_ms = now_ms()
    installation.restart(leading)
    return Death(died_ms, led_ms)


def _cut_off(installation: Installation, seconds: float, *homes: str) -> tuple[int, int, int]:
    """When the cable was cut, when it was plugged in again, and when the region was back."""
    print(f"cut {CUT_OFF} off from {', '.join(homes) or 'everything'} for {seconds:.0f} s")
    time.sleep((_busiest_ms(installation) - now_ms()) % (OFTEN * 1000) / 1000)
    installation.regions.cut(CUT_OFF, *homes)
    cut_ms = now_ms()
    time.sleep(seconds)
    eventually(lambda: installation.ready_locations() == OTHERS, f"{CUT_OFF} is away", 10)
    assert installation.ask("GET", "/api/incidents") == []
    installation.regions.plug(CUT_OFF, *homes)
    plugged_ms = now_ms()
    eventually(lambda: installation.ready_locations() == {*COUNTRIES}, f"{CUT_OFF} is back", BACK_SECONDS)
    back_ms = now_ms()
    time.sleep(_SEEN_MS / 1000 + OFTEN)  # by then all that are looked at often were due once more
    return cut_ms, plugged_ms, back_ms


def _busiest_ms(installation: Installation) -> int:
    """When most checks were begun so lately, of those that are looked at OFTEN, that no far region has handed in their
    results: without any in hand nothing would be kept over a cut.
    """
    often_ms = OFTEN * 1000
    phases = [phase_ms(UUID(monitor), often_ms) for monitor in installation.monitors[: MONITORS[OFTEN]]]

    def in_hand(moment_ms: int) -> int:
        return sum(400 <= (moment_ms - phase) % often_ms < 1200 for phase in phases)

    return max(range(0, often_ms, 50), key=in_hand)


def _tell(books: Books, course: Course) -> None:
    print(books.balance)
    for (location, reason, interval), count in sorted(
        Counter((gap.location, gap.reason, gap.interval_seconds) for gap in books.gaps).items()
    ):
        due = [gap.due_ms for gap in books.gaps if gap[:3] == (location, reason, interval)]
        span = [(moment - course.cut_ms) / 1000 for moment in (min(due), max(due))]
        print(f"{location}: {count} × {reason} of those every {interval} s, due {span} s after the cut")
    cut_seconds = (course.plugged_ms - course.cut_ms) / 1000
    deaths = [tuple((moment - course.cut_ms) / 1000 for moment in death) for death in course.deaths]
    print(f"deaths and successors at {deaths} s; the cut lasted {cut_seconds:.1f} s; handed in late: {books.late}")


def _balances(books: Books, course: Course) -> None:
    """One result or one gap for every check, and gaps where and when they must be only."""
    balance = books.balance
    assert not balance.problems, str(balance)
    assert balance.expected > MONITORS[OFTEN] * len(COUNTRIES) * 6
    others = [gap for gap in books.gaps if not _is_of_a_death(gap.due_ms, gap.interval_seconds, course)]
    strange = [gap for gap in others if not _is_of_the_cut(gap, course)]
    assert strange == []
    assert {gap.reason for gap in others} == {"no_result", "no_agent"}
    assert balance.unreported < _UNDER_WAY
    assert books.late.keys() == {CUT_OFF}  # kept while it was cut off, and handed in instead of a gap


def _is_of_the_cut(gap: Gap, course: Course) -> bool:
    """Of the region that was cut off, due then, or shortly before and not begun yet."""
    begun_ms = course.cut_ms - gap.interval_seconds * 500
    return gap.location == CUT_OFF and begun_ms <= gap.due_ms <= course.back_ms + _SEEN_MS


def _is_of_a_death(due_ms: int, interval_seconds: int, course: Course) -> bool:
    """Whether a check due at this moment, and so often, may be too late because somebody was missing who leads. One
    that was lost on its way at the death itself is given out once more: too late for those with less leave.
    """
    leave_ms = start_by_ms(0, interval_seconds * 1000)
    is_lost = leave_ms < ACK_WAIT_SECONDS * 1000

    def met(death: Death) -> bool:
        latest_ms = max(death.led_ms - leave_ms, death.died_ms if is_lost else 0) + _ASK_MS
        return death.died_ms - _TIE_MS <= due_ms <= latest_ms

    return any(map(met, course.deaths))


def _touches_nothing_else(installation: Installation, books: Books, course: Course) -> None:
    assert installation.ask("GET", "/api/incidents") == []
    assert books.incidents == []
    for event in (event for event in books.verdicts if event.verdict != "up"):
        assert event.verdict == "unknown", event  # most of its locations missed that round
        assert event.evidence, event
        assert _is_of_a_death(to_ms(event.evidence.due_at), OFTEN, course), event
    for location in installation.ask("GET", "/api/locations"):
        code, named = location["code"], {period["reason"] for period in location["blindPeriods"]}
        missing = {gap.reason for gap in books.gaps if gap.location == code}
        assert missing <= named <= missing | books.overcome.get(code, set()), location
        assert location["parkedResults"] == []
    assert installation.errors() == []
