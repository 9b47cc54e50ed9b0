"""The metrics of controllers and agents: names, help texts, closed sets of labels, and sums over processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import cast
from uuid import uuid4

import msgspec
import pytest
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from agent.metrics.counts import Counts as AgentCounts
from agent.metrics.reading import GAUGES, AgentMetrics, Reading, ReadingSource
from controller.decisions.evaluation.state import VerdictKind
from controller.metrics.cached_collector import FRESH_SECONDS, CachedCollector, gauge
from controller.metrics.counts import Counts
from controller.metrics.exposition import Exposition
from controller.metrics.process import Metrics
from controller.store.platform.pool import Database
from shared.clock import utc_now
from shared.wire.failures import FailureKind, FailureSource, Phase
from shared.wire.messages import CheckResult, Unfitness
from shared.wire.targets import KINDS
from tests.integration.scraped import Scraped


def scraped(*collectors: Collector) -> Scraped:
    registry = CollectorRegistry()
    for each in collectors:
        registry.register(each)
    return Scraped.of(generate_latest(registry).decode())


def a_result(phase: str = "connect", failure: str | None = None, *, milliseconds: float = 40.0) -> CheckResult:
    """A result as it comes over the wire, where another program may have written any word."""
    due = utc_now() - timedelta(seconds=3)
    shown = failure and {"kind": failure, "source": "target", "phase": phase, "detail": "x"}
    body = {
        "checkId": uuid4(),
        "monitorId": uuid4(),
        "location": "de",
        "country": "DE",
        "agent": f"agent-{uuid4()}",
        "purpose": "scheduled",
        "dueAt": due,
        "startedAt": due + timedelta(seconds=0.2),
        "durationMs": milliseconds,
        "failure": shown or None,
        "phases": [{"phase": phase, "startMs": 0, "durationMs": milliseconds}],
    }
    return msgspec.json.decode(msgspec.json.encode(body), type=CheckResult)


async def test_every_metric_of_ours_has_a_prefix_a_unit_and_a_help_in_sentences() -> None:
    shown = Scraped.of((await Exposition(Metrics()).text()).decode())
    agent = scraped(AgentMetrics([ReadingSource(AgentCounts(), dict).read()], [], []))
    ours = [family for family in shown.families + agent.families if not family.name.startswith(("process_", "python_"))]
    assert len(ours) > 30
    for family in ours:
        assert family.name.startswith("mailprobe_"), family.name
        assert family.documentation[0].isupper() or family.documentation[0].isdigit() or "unknown" in family.name
        assert family.documentation.endswith("."), family.name
        assert "  " not in family.documentation, family.name
        if family.type == "histogram":
            assert family.name.endswith("_seconds"), family.name
        assert not family.name.endswith(("_ms", "_milliseconds")), family.name
        assert {label for sample in family.samples for label in sample.labels} <= _LABELS, family.name


_LABELS = {
    *("acknowledged", "change", "channel", "failure", "kind", "le", "location", "method", "outcome", "part", "phase"),
    *("pool", "previous", "python", "reason", "route", "severity", "stage", "state", "status", "stream", "verdict"),
    *("version",),
}
"""No label names a monitor, a customer, a host or an agent."""


def test_a_result_is_counted_in_every_figure_it_belongs_to() -> None:
    counts = Counts()
    counts.stored(a_result("greeting", "timeout", milliseconds=1500), "imap", 3.5)
    counts.stored(a_result("greeting"), "imap", 0.3)
    shown = scraped(counts)
    dependency = {"kind": "imap", "location": "de"}
    assert shown.all("mailprobe_check_results_total", **dependency, status="failure", failure="timeout") == [1]
    assert shown.all("mailprobe_check_results_total", **dependency, status="success", failure="none") == [1]
    assert shown.all("mailprobe_check_phase_seconds_bucket", **dependency, phase="greeting", le="0.05") == [1]
    assert shown.all("mailprobe_check_phase_seconds_bucket", **dependency, phase="greeting", le="2.5") == [2]
    assert shown.all("mailprobe_check_duration_seconds_sum", **dependency) == [1.54]
    assert shown.all("mailprobe_lateness_seconds_bucket", stage="started", location="de", le="0.25") == [2]
    assert shown.all("mailprobe_lateness_seconds_sum", stage="stored", location="de") == [3.8]


def test_hostile_results_make_no_new_series() -> None:
    """Unknown words are counted as one label, so after the first such result no other makes a new series."""
    counts, agent = Counts(), AgentCounts()

    def send(number: int) -> None:
        result = a_result(f"phase-{number}", f"failure-{number}")
        counts.stored(result, f"gopher-{number}", 1.0)
        agent.check_finished(f"gopher-{number}", result)
        counts.requests.add((f"/{'x' * 10}", f"BREW-{number}", "404"))
        counts.gaps_recorded({f"reason-{number}": 1})
        counts.deliveries.add((f"pigeon-{number}", "sent"))
        counts.incidents.add((f"change-{number}", "huge"))
        counts.verdicts.add((f"was-{number}", f"is-{number}"))
        counts.dead_letters.add((f"why-{number}",))

    send(0)
    before = scraped(counts).series(), scraped(agent).series()
    for number in range(1, 300):
        send(number)
    shown = scraped(counts), scraped(agent)
    assert tuple(one.series() for one in shown) == before
    assert shown[0].all("mailprobe_check_results_total", kind="other", failure="unknown") == [300]
    assert shown[1].all("mailprobe_agent_checks_finished_total", kind="other") == [300]
    assert not any(word in shown[0].text + shown[1].text for word in ("gopher", "phase-", "pigeon", "BREW", "agent-"))


def test_a_location_costs_a_bounded_number_of_series_whatever_goes_wrong_there() -> None:
    counts = Counts()
    before = scraped(counts).series()
    for kind in KINDS:
        for phase in Phase:
            for failure in (*FailureKind, None):
                counts.stored(a_result(phase, failure), kind, 1.0)
    assert scraped(counts).series() - before < 800


def reading(kind: str, checks: int, **gauges: float) -> Reading:
    counts = AgentCounts()
    for _ in range(checks):
        counts.check_finished(kind, a_result())
    return Reading(counts.states(), gauges)


def test_an_agent_is_the_sum_of_its_processes_and_remembers_the_counts_of_the_dead() -> None:
    lag, running = "mailprobe_agent_loop_lag_seconds", "mailprobe_agent_checks_running"
    offset = "mailprobe_agent_clock_offset_seconds"
    living = [
        reading("smtp", 2, **{lag: 0.001, running: 3, offset: -3.0}),
        reading("smtp", 1, **{lag: 0.2, running: 4}),
    ]
    dead = reading("smtp", 5, **{running: 100})
    shown = scraped(AgentMetrics(living, [dead.counts], [Unfitness.NO_IPV6]))
    assert shown.all("mailprobe_agent_checks_finished_total", kind="smtp", status="success") == [8]
    assert shown.all("mailprobe_agent_check_phase_seconds_count", kind="smtp", phase="connect") == [8]
    assert shown.all(running) == [7]
    assert shown.all(lag) == [0.2]
    assert shown.all(offset) == [-3.0]
    assert shown.all("mailprobe_agent_unfit", reason="no_ipv6") == [1]
    assert shown.all("mailprobe_agent_unfit", reason="no_ipv4") == [0]


def test_an_agent_whose_processes_are_all_gone_says_so_and_remembers_their_counts() -> None:
    dead = reading("smtp", 5)
    shown = scraped(AgentMetrics([], [dead.counts], []))
    assert shown.all("mailprobe_agent_processes") == shown.all("mailprobe_agent_nats_connected") == [0]
    assert shown.all("mailprobe_agent_capacity") == shown.all("mailprobe_agent_loop_lag_seconds") == []
    assert shown.all("mailprobe_agent_checks_finished_total", kind="smtp", status="success") == [5]


def test_a_reading_survives_the_way_to_the_parent_and_is_short() -> None:
    """The parent process reads lines of 64 KiB at most."""
    counts = AgentCounts()
    for kind in KINDS:
        for failure in FailureKind:
            for phase in ("resolve", "connect", "tls", "greeting", "ehlo", "starttls", "auth", "mailbox", "quit"):
                counts.check_finished(kind, a_result(phase, failure, milliseconds=1234.5678))
    sent = ReadingSource(counts, lambda: dict.fromkeys(GAUGES, 1234567.89)).read()
    body = msgspec.json.encode(sent)
    assert msgspec.json.decode(body, type=Reading) == sent
    assert len(body) < 32 * 1024


def test_cpu_time_is_counted_once_however_often_it_is_read() -> None:
    source = ReadingSource(AgentCounts(), dict)
    first, second = ((source.read()).counts["process_cpu_seconds_total"][""][0] for _ in range(2))
    assert 0 < first <= second < 2 * first


class Dependency:
    """A clock, and a dependency that answers with a number."""

    def __init__(self) -> None:
        self.seconds = 0.0

    async def read(self) -> float:
        return 7.0


def families(value: float) -> Iterator[Metric]:
    yield GaugeMetricFamily("mailprobe_value", "A value.", value=value)


async def test_of_figures_that_are_too_old_only_the_age_is_shown() -> None:
    dependency = Dependency()
    collector = CachedCollector("dependency", dependency.read, families, clock=lambda: dependency.seconds)
    dependency.seconds = 5.0
    assert scraped(collector).all("mailprobe_dependency_reading_age_seconds") == [
        5.0
    ]  # it never answered, which must raise an alert too
    assert scraped(collector).all("mailprobe_value") == []
    await collector.refresh()
    dependency.seconds = 5.0 + FRESH_SECONDS - 1
    assert scraped(collector).all("mailprobe_value") == [7.0]
    dependency.seconds = 5.0 + FRESH_SECONDS
    shown = scraped(collector)
    assert shown.all("mailprobe_value") == []
    assert shown.all("mailprobe_dependency_reading_age_seconds") == [FRESH_SECONDS]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda _: gauge("mailprobe_value", "A value.", [], [((), cast("float", None))]), id="no number"),
        pytest.param(lambda _: VerdictKind("a word of a newer version"), id="an unknown word"),
    ],
)
async def test_figures_that_cannot_be_shown_fail_the_refresh_and_never_the_scrape(
    broken: Callable[[float], Metric],
) -> None:
    dependency, metrics = Dependency(), Metrics()
    collector = CachedCollector("dependency", dependency.read, lambda value: [broken(value)])
    metrics.show(collector, leading=lambda: True, clock=lambda: None)
    with pytest.raises((TypeError, ValueError)):
        await collector.refresh()
    shown = Scraped.of((await Exposition(metrics).text()).decode())
    assert shown.all("mailprobe_scheduler_leading") == [1]
    assert len(shown.all("mailprobe_dependency_reading_age_seconds")) == 1


class LoopBoundPool(Database):
    """A pool that may only be read in its event loop, because its connections may change while a thread reads them."""

    @property
    def busy(self) -> int:
        asyncio.get_running_loop()  # RuntimeError in another thread
        return super().busy


async def test_what_the_loop_works_with_is_read_in_the_loop() -> None:
    metrics = Metrics()
    async with LoopBoundPool.open("postgresql://nobody@127.0.0.1:1/nothing", size=3) as pool:
        metrics.pools = {"api": pool}
        shown = Scraped.of((await Exposition(metrics).text()).decode())
    assert shown.all("mailprobe_database_connections", pool="api") == [0]
    assert shown.all("mailprobe_database_connections_limit", pool="api") == [3]


async def test_however_many_ask_the_text_is_made_once_a_second() -> None:
    dependency, metrics = Dependency(), Metrics()
    exposition = Exposition(metrics, clock=lambda: dependency.seconds)
    before = await exposition.text()
    metrics.counts.gaps_recorded({"late": 1})
    dependency.seconds = 0.9
    assert await exposition.text() is before
    dependency.seconds = 1.0
    assert Scraped.of((await exposition.text()).decode()).all("mailprobe_gaps_total", reason="late") == [1]


@pytest.mark.parametrize("source", [source for source in FailureSource if source is not FailureSource.TARGET])
def test_a_fault_of_our_own_is_counted_as_unknown(source: FailureSource) -> None:
    counts, result = Counts(), a_result("connect", "timeout")
    assert result.failure is not None
    ours = msgspec.structs.replace(result, failure=msgspec.structs.replace(result.failure, source=source))
    counts.stored(ours, "smtp", 1.0)
    assert scraped(counts).all("mailprobe_check_results_total", status="unknown", failure="timeout") == [1]
