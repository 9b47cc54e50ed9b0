"""Three regions far from the centre; servers of NATS and a controller are killed and one region is cut off. Every check
is recorded once, what could not be checked is named, and no outage is reported.
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
from shared.epoch import to_ms
from shared.wire.messages import READY_SECONDS
from shared.wire.rounds import phase_ms, start_by_ms
from tests.conftest import requires
from tests.system.drills import ledger
from tests.system.product import eventually
from tests.system.regions import regions_report
from tests.system.regions.regions import CENTRE, CENTRE_ADDRESSES, Regions, missing_for_regions
from tests.system.regions.regions_installation import CONTROLLERS, Installation
from tests.system.regions.regions_report import Gap, RegionsReport

MILLISECONDS = {"de": 20, "us": 90, "jp": 150}
"""The delay of a packet to the centre and to the mail servers, in each direction."""

COUNTRIES = {"de": "DE", "us": "US", "jp": "JP"}
CUT_OFF, OTHERS = "jp", {"de", "us"}
OFTEN, SELDOM = 10, 30
MONITORS = {OFTEN: 40, SELDOM: 40}
"""The number of monitors by interval in seconds."""

LEAD_SECONDS = 12
AWAY_SECONDS = 6
"""How long a killed server of NATS is away: long enough for requests and results while only two servers run."""

LEAVE_SECONDS = 5
"""How late a check with the interval OFTEN may begin; the others may be 15 s late."""

LED_SECONDS = 240
"""How long NATS may need to be healthy with all leaders after a death: servers wait 4 to 9 s before they elect another
leader, and as long again whenever two candidates get equal votes.
"""

BACK_SECONDS = 20
"""How soon a region is back: an attempt to connect takes 6 s at most; login and heartbeat add some round trips."""

_MOST_DIALOGUES = 40
"""More dialogues than a region has at any moment. Of those that a cut ends, possibly only one side knows."""

_SLOW_MS = 100
_AFFECTED_MS = LEAVE_SECONDS * 1000
"""How long before a death a check may have been due whose request or result is affected by it."""

_FETCH_MS = 3_000
"""How long after an election a check may begin: agents fetch every second, and requests need time to travel."""

_READY_MS = 5_000
"""How long a region that is back may get no requests: the scheduler checks every second which locations are ready."""


class Death(NamedTuple):
    """When a leader was killed, and when everything had a leader again."""

    died_ms: int
    led_ms: int


class Course(NamedTuple):
    """The deaths, and when the cable was cut, was plugged in again, and the region was back."""

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
    print(regions.relay_counts)
    assert not any(way["overflowed"] for cable in regions.relay_counts.values() for way in cable), (
        "the relay was too slow"
    )


@pytest.mark.long
def test_killed_servers_and_a_region_cut_off_for_a_while_are_recorded_once_and_notify_nobody(
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
def test_five_minutes_without_a_region_are_recorded_once_and_notify_nobody(
    installation: Installation, homes: tuple[str, ...]
) -> None:
    _run(installation, 300, *homes)


def _run(installation: Installation, cut_seconds: float, *homes: str) -> None:
    _delays_are_as_set(installation)
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
        report = asyncio.run(
            regions_report.draw_up(installation, since_ms, until_ms, late_of=late_of, half_open=_MOST_DIALOGUES)
        )
    _print_report(report, course)
    _balances(report, course)
    _affects_nothing_else(installation, report, course)


def _delays_are_as_set(installation: Installation) -> None:
    port = int(installation.broker().url.split(",")[0].rpartition(":")[2])
    for region, milliseconds in MILLISECONDS.items():
        trips = [installation.regions.round_trip_ms(region, CENTRE_ADDRESSES[0], port) for _ in range(5)]
        assert 2 * milliseconds <= min(trips) < 2 * milliseconds + _SLOW_MS, (region, trips)


def _kill_the_server_that_leads(installation: Installation, *, least: bool) -> Death:
    """Kill the server of NATS that leads least or most, and restart it."""
    led = installation.all_led(LED_SECONDS)
    chosen = (min if least else max)(led, key=lambda name: ("CHECKS" in led[name], "meta" in led[name]))
    print(f"kill {chosen}, which leads {led[chosen]}")
    died_ms = now_ms()
    installation.kill(chosen)
    installation.restart(chosen, AWAY_SECONDS)
    installation.all_led(LED_SECONDS)
    return Death(died_ms, now_ms())


def _kill_the_leading_controller(installation: Installation) -> Death:
    """Kill the leading controller; the other one takes over while it is away."""
    pid = asyncio.run(regions_report.leader(installation.database_url))
    [leading] = [name for name in CONTROLLERS if installation.pid(name) == pid]
    [other] = [name for name in CONTROLLERS if name != leading]
    print(f"kill {leading}, which leads")
    died_ms = now_ms()
    installation.kill(leading)

    def taken_over() -> bool:
        return asyncio.run(regions_report.leader(installation.database_url)) == installation.pid(other)

    eventually(taken_over, "the other controller leads", 10)
    led_ms = now_ms()
    installation.restart(leading)
    return Death(died_ms, led_ms)


def _cut_off(installation: Installation, seconds: float, *homes: str) -> tuple[int, int, int]:
    """Cut the region off; the moments when the cable was cut, when it was plugged in, and when the region was back."""
    print(f"cut {CUT_OFF} off from {', '.join(homes) or 'everything'} for {seconds:.0f} s")
    time.sleep((_busiest_ms(installation) - now_ms()) % (OFTEN * 1000) / 1000)
    installation.regions.cut(CUT_OFF, *homes)
    cut_ms = now_ms()
    time.sleep(seconds)
    eventually(lambda: installation.locations_with_agents() == OTHERS, f"{CUT_OFF} is away", 10)
    assert installation.request("GET", "/api/incidents") == []
    installation.regions.plug(CUT_OFF, *homes)
    plugged_ms = now_ms()
    eventually(lambda: installation.locations_with_agents() == {*COUNTRIES}, f"{CUT_OFF} is back", BACK_SECONDS)
    back_ms = now_ms()
    time.sleep(_READY_MS / 1000 + OFTEN)  # by then all monitors with the interval OFTEN were due once more
    return cut_ms, plugged_ms, back_ms


def _busiest_ms(installation: Installation) -> int:
    """The moment with the most running checks of the interval OFTEN whose results no far region has delivered yet.
    Otherwise there would be no results to keep during a cut.
    """
    often_ms = OFTEN * 1000
    phases = [phase_ms(UUID(monitor), often_ms) for monitor in installation.monitors[: MONITORS[OFTEN]]]

    def in_hand(moment_ms: int) -> int:
        return sum(400 <= (moment_ms - phase) % often_ms < 1200 for phase in phases)

    return max(range(0, often_ms, 50), key=in_hand)


def _print_report(report: RegionsReport, course: Course) -> None:
    print(report.balance)
    for (location, reason, interval), count in sorted(
        Counter((gap.location, gap.reason, gap.interval_seconds) for gap in report.gaps).items()
    ):
        due = [gap.due_ms for gap in report.gaps if gap[:3] == (location, reason, interval)]
        span = [(moment - course.cut_ms) / 1000 for moment in (min(due), max(due))]
        print(f"{location}: {count} × {reason} of those every {interval} s, due {span} s after the cut")
    cut_seconds = (course.plugged_ms - course.cut_ms) / 1000
    deaths = [tuple((moment - course.cut_ms) / 1000 for moment in death) for death in course.deaths]
    print(f"deaths and successors at {deaths} s; the cut lasted {cut_seconds:.1f} s; delivered late: {report.late}")


def _balances(report: RegionsReport, course: Course) -> None:
    """One result or one gap for every check, and gaps only where and when they are expected."""
    balance = report.balance
    assert not balance.problems, str(balance)
    assert balance.expected > MONITORS[OFTEN] * len(COUNTRIES) * 6
    others = [gap for gap in report.gaps if not _is_of_a_death(gap.due_ms, gap.interval_seconds, course)]
    strange = [gap for gap in others if not _is_of_the_cut(gap, course)]
    assert strange == []
    assert {gap.reason for gap in others} == {"no_result", "no_agent"}
    assert balance.unreported < _MOST_DIALOGUES
    assert report.late.keys() == {CUT_OFF}  # kept while it was cut off, and delivered instead of a gap


def _is_of_the_cut(gap: Gap, course: Course) -> bool:
    """Whether the gap is of the region that was cut off, due during the cut, or shortly before it and not begun yet."""
    begun_ms = course.cut_ms - gap.interval_seconds * 500
    return gap.location == CUT_OFF and begun_ms <= gap.due_ms <= course.back_ms + _READY_MS


def _is_of_a_death(due_ms: int, interval_seconds: int, course: Course) -> bool:
    """Whether a check with this due moment and interval may be late because a leader was missing. A request that was
    lost at the death itself is delivered once more, which is too late for checks that may begin only a little late.
    """
    leave_ms = start_by_ms(0, interval_seconds * 1000)
    is_lost = leave_ms < ACK_WAIT_SECONDS * 1000

    def met(death: Death) -> bool:
        latest_ms = max(death.led_ms - leave_ms, death.died_ms if is_lost else 0) + _FETCH_MS
        return death.died_ms - _AFFECTED_MS <= due_ms <= latest_ms

    return any(map(met, course.deaths))


def _affects_nothing_else(installation: Installation, report: RegionsReport, course: Course) -> None:
    assert installation.request("GET", "/api/incidents") == []
    assert report.incidents == []
    for event in (event for event in report.verdicts if event.verdict != "up"):
        assert event.verdict == "unknown", event  # because most of the monitor's locations missed that round
        assert event.evidence, event
        assert _is_of_a_death(to_ms(event.evidence.due_at), OFTEN, course), event
    for location in installation.request("GET", "/api/locations"):
        code, named = location["code"], {period["reason"] for period in location["blindPeriods"]}
        missing = {gap.reason for gap in report.gaps if gap.location == code}
        assert missing <= named <= missing | report.overcome.get(code, set()), location
        assert location["deadLetters"] == []
    assert installation.errors() == []
