"""docs/metrics.md: every metric of a controller and of an agent, with its labels and its help text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from agent.metrics.counts import Counts as AgentCounts
from agent.metrics.reading import AgentMetrics
from controller.broker.backlog import Backlog, ConsumerBacklog, StreamBacklog
from controller.decisions.canaries import CanaryState
from controller.metrics import broker, database, exposition
from controller.metrics.cached_collector import CachedCollector
from controller.metrics.counts import Counts
from controller.metrics.process import Metrics
from controller.model import Location
from controller.store.platform.installation import Installation, MonitorFigures
from shared.clock import utc_now
from shared.counters import CounterSeries, HistogramSeries
from shared.wire import subjects

_HEAD = """\
# Metrics

<!-- made by `make docs` from the code of controller and agent -->

Controllers and agents serve `/metrics` for Prometheus on `MAILPROBE_METRICS_PORT`, which asks for no token and is on
loopback unless `MAILPROBE_METRICS_HOST` names another address. A controller also serves it on the port of its API, to
the token of `MAILPROBE_METRICS_TOKEN_FILE` and to administrators of the organization that runs the installation.
[Operations](operations.md) shows how Prometheus is set up; `deploy/grafana/` has a dashboard and alert rules.

Counters and histograms are those of one process: sum them over controllers. A gauge about the whole installation is the
same from every controller: take the maximum. Labels take their values from fixed sets and from your locations, so new
monitors make no new series, except at `/metrics/monitors`.
"""


_ALIKE = " Every controller reports the same value: take the maximum."
"""What the page says once at its head."""


class Row(NamedTuple):
    """A metric as the page shows it."""

    name: str
    type: str
    labels: tuple[str, ...]
    help_text: str


def page() -> str:
    parts = [
        _HEAD,
        _table("Of a controller process", [*_counted(Counts()), *_of_process()]),
        _table("Of the installation, from every controller", [*_of_database(), *_of_broker()]),
        _table("Of each monitor: `/metrics/monitors`, with MAILPROBE_METRICS_PER_MONITOR and a token", _of_monitors()),
        _table("Of an agent", [*_counted(AgentCounts()), *_of_agent()]),
    ]
    return "\n".join(parts)


def _table(title: str, rows: Iterable[Row]) -> str:
    lines = [f"## {title}", "", "| Metric | Type | Labels | Meaning |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{row.name}` | {row.type} | {', '.join(f'`{label}`' for label in row.labels)} | {row.help_text} |"
        for row in sorted(rows)
    ]
    return "\n".join(lines) + "\n"


def _counted(counts: Counts | AgentCounts) -> Iterator[Row]:
    for each in vars(counts).values():
        if isinstance(each, CounterSeries | HistogramSeries):
            kind = "counter" if isinstance(each, CounterSeries) else "histogram"
            yield Row(each.name, kind, tuple(each._labels), each._help_text)


def _rows(families: Iterable[Metric]) -> Iterator[Row]:
    for family in families:
        if isinstance(family, GaugeMetricFamily):
            yield Row(family.name, family.type, tuple(family._labelnames), family.documentation.removesuffix(_ALIKE))


def _of_process() -> Iterator[Row]:
    yield from _rows(Metrics()._families())


def _of_agent() -> Iterator[Row]:
    yield from _rows(AgentMetrics([], [], []).collect())


def _of_database() -> Iterator[Row]:
    location = Location(id=1, code="de", name="", country_code="DE", enabled=True, public_key="")
    now = utc_now()
    canary = CanaryState(
        kind="smtp",
        sent_seconds=1.0,
        stored=True,
        back=True,
        missed=0,
        since=now,
        back_at=now,
        age_seconds=1.0,
        round_trip_ms=1.0,
        failed=0,
        failure=None,
    )
    nothing = Installation([], [], 0, [], [], 0, 0.0, 0, 0, 0.0, 0.0, 0.0)
    view = database.DatabaseMetricsView(nothing, [database.LocationAgents(location, [], [canary])], 0)
    yield from _rows([_age("database"), *database._families(view)])


def _of_broker() -> Iterator[Row]:
    stream = StreamBacklog(messages=0, bytes=0, limit_bytes=1, oldest_seconds=0.0, consumers=0)
    consumer = (subjects.RESULTS, subjects.INGEST)
    backlog = Backlog({subjects.RESULTS: stream}, {consumer: ConsumerBacklog(0, 0)})
    yield from _rows(
        [_age("broker"), *broker._streams(backlog), *broker._ingest(backlog), *broker._checks(backlog, ["de"])]
    )


def _age(dependency: str) -> Metric:
    async def read() -> None: ...

    return next(iter(CachedCollector(dependency, read, lambda _: []).collect()))


def _of_monitors() -> Iterator[Row]:
    figures = MonitorFigures(public_id="", name="", kind="smtp", verdict="up", duration_ms=1.0)
    yield from _rows(exposition._Monitors([figures]).collect())
