"""Counters: their text is the same as that of Prometheus' own client, and no caller can make new series."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.registry import Collector

from shared.counters import OTHER, CounterSeries, HistogramSeries

BOUNDS = (0.1, 0.5, 1.0)
KNOWN = {"kind": ("smtp", "imap")}


def text(*collectors: Collector) -> str:
    registry = CollectorRegistry()
    for each in collectors:
        registry.register(each)
    return generate_latest(registry).decode()


def without_created(exposition: str) -> str:
    return "".join(line for line in exposition.splitlines(keepends=True) if "_created" not in line)


def test_a_spread_shows_what_the_librarys_histogram_shows() -> None:
    registry = CollectorRegistry()
    theirs = Histogram("mailprobe_x_seconds", "A help text.", ["kind"], buckets=BOUNDS, registry=registry)
    ours = HistogramSeries("mailprobe_x_seconds", "A help text.", KNOWN, BOUNDS)
    for kind, seconds in (("smtp", 0.0), ("smtp", 0.1), ("smtp", 0.11), ("imap", 1.0), ("imap", 1.5), ("smtp", 700.0)):
        theirs.labels(kind).observe(seconds)
        ours.observe((kind,), seconds)
    assert text(ours) == without_created(generate_latest(registry).decode())


def test_a_count_shows_what_the_librarys_counter_shows() -> None:
    registry = CollectorRegistry()
    theirs = Counter("mailprobe_x_total", 'A "quoted" line\nand \\ another', ["kind"], registry=registry)
    ours = CounterSeries("mailprobe_x_total", 'A "quoted" line\nand \\ another', KNOWN)
    for kind, by in (("smtp", 1), ("imap", 2.5), ("smtp", 4)):
        theirs.labels(kind).inc(by)
        ours.add((kind,), by)
    assert text(ours) == without_created(generate_latest(registry).decode())


def test_a_value_outside_its_set_is_counted_as_other_and_makes_one_series() -> None:
    count = CounterSeries("mailprobe_x_total", "", KNOWN)
    spread = HistogramSeries("mailprobe_x_seconds", "", KNOWN, BOUNDS)
    for number in range(1000):
        count.add((f"gopher-{number}",))
        spread.observe((f"gopher-{number}",), 0.2)
    assert count.state() == {OTHER: [1000]}
    assert list(spread.state()) == [OTHER]
    assert spread.state()[OTHER][:-1] == [0, 1000, 0, 0]


def test_every_combination_is_shown_before_it_happens() -> None:
    count = CounterSeries("mailprobe_x_total", "", KNOWN | {"status": ("ok", "bad")})
    count.begin()
    assert count.state() == {f"{kind} {status}": [0] for kind in ("smtp", "imap") for status in ("ok", "bad")}


def test_a_clock_that_runs_behind_takes_nothing_away() -> None:
    spread = HistogramSeries("mailprobe_x_seconds", "", KNOWN, BOUNDS)
    spread.observe(("smtp",), 0.3)
    spread.observe(("smtp",), -5.0)
    assert spread.state() == {"smtp": [1, 1, 0, 0, 0.3]}


def test_what_processes_counted_adds_up() -> None:
    one, other = (HistogramSeries("mailprobe_x_seconds", "", KNOWN, BOUNDS) for _ in range(2))
    one.observe(("smtp",), 0.3)
    other.observe(("smtp",), 0.4)
    other.observe(("imap",), 2.0)
    one.merge(other.state())
    assert one.state() == {"smtp": [0, 2, 0, 0, 0.7], "imap": [0, 0, 0, 1, 2.0]}
    assert other.state()["smtp"] == [0, 1, 0, 0, 0.4]


def test_without_labels_there_is_one_figure() -> None:
    count = CounterSeries("mailprobe_x_total", "")
    count.begin()
    count.add(by=3)
    copy = CounterSeries("mailprobe_x_total", "")
    copy.merge(count.state())
    assert text(copy) == text(count)
    assert "mailprobe_x_total 3.0" in text(copy)
