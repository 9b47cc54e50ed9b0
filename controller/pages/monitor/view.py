"""What the page shows, a part for each card. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from controller.kinds import phases_of, words_of
from controller.kinds.servers import connects
from controller.operations.facts.facts import MonitorFacts
from controller.operations.monitors.dependencies import Dependencies
from controller.operations.monitors.report import ReportedMonitor
from controller.operations.monitors.situation import Refusals
from controller.pages.facts.monitor_facts import FactsView, facts_view
from controller.pages.monitor.charts import ChartsView, charts_view
from controller.pages.monitor.figures import UptimeView, uptime_views
from controller.pages.monitor.head import MonitorHead, TriggeredView, head_view, triggered_view
from controller.pages.monitor.kept import KeptView, kept_view
from controller.pages.monitor.lanes import LanesView, lanes_view, locations_of, slices_of
from controller.pages.monitor.log import LogView, log_view
from controller.pages.monitor.period import RANGES, Address, RangeView, ShownTime, range_view
from controller.pages.monitor.server import CertificateView, CompareView, certificates, compare
from controller.pages.monitor.settings import Setting, settings_of
from controller.pages.monitor.words import spelled
from controller.pages.words.policies import policy_sentence
from shared.wire.failures import FailureKind, Phase
from shared.wire.targets import BaseTarget, TlsMode

_WARNING_DAYS = 14


class RefusalView(msgspec.Struct, frozen=True, kw_only=True):
    """The server refuses one of our locations while others pass."""

    location: str
    country: str
    words: str
    detail: str
    first_at: datetime
    last_at: datetime
    evaluations: int


class MonitorPageView(msgspec.Struct, frozen=True, kw_only=True):
    """`triggered` is None unless the address names a check that was triggered. `subject` is what is checked, in words.
    `done` is what a form has just done, empty without one; `unheard` are warnings about where its messages go.
    `connects`: checks connect to a server; `compares`: they may find out something to compare.
    """

    head: MonitorHead
    triggered: TriggeredView | None
    subject: str
    times: RangeView
    lanes: LanesView
    charts: ChartsView
    phase_names: Mapping[Phase, str]
    uptimes: list[UptimeView]
    log: LogView
    kept: KeptView
    certificates: list[CertificateView]
    compare: CompareView | None
    facts: FactsView | None
    connects: bool
    compares: bool
    encrypts: bool
    refusals: list[RefusalView]
    own_network: bool
    settings: list[Setting]
    policy: str
    done: str
    unheard: list[str]
    dependencies: Dependencies | None = None


def monitor_view(
    report: ReportedMonitor,
    period: ShownTime,
    address: Address,
    triggered_at: datetime | None,
    now: datetime,
    facts: MonitorFacts | None = None,
    done: str = "",
    unheard: Sequence[str] = (),
) -> MonitorPageView:
    course, latest, target = report.course, report.situation.latest, report.target
    slices = slices_of(course)
    locations = dict.fromkeys(
        [*((one.check.location, one.check.country) for one in latest), *locations_of(course.cells)]
    )
    return MonitorPageView(
        head=head_view(report, now),
        triggered=None if triggered_at is None else triggered_view(report, triggered_at, now),
        subject=words_of(report.monitor.kind).subject,
        times=range_view(period, address, now),
        lanes=lanes_view(course, slices, now),
        charts=charts_view(course, slices, phases_of(report.monitor.kind)),
        phase_names=words_of(report.monitor.kind).phase_names,
        uptimes=uptime_views(report.monitor, course.uptimes, ranged=period.range in _COUNTED),
        log=log_view(report.monitor, report.log, address, list(locations)),
        kept=kept_view(report.kept, period.since, now),
        certificates=certificates(latest, _warning_days(target), now),
        compare=compare(latest, report.monitor.kind),
        facts=facts_view(facts) if facts is not None else None,
        connects=connects(target),
        compares=connects(target) or bool(words_of(report.monitor.kind).facts),
        encrypts=target is None or any(one.tls is not TlsMode.NONE for one in target.endpoints),
        refusals=_refusals(report.situation.refusals),
        own_network=any(one.kind == FailureKind.STARTTLS_MISSING for one in report.situation.refusals),
        settings=settings_of(report),
        policy=policy_sentence(report.policy),
        done=done,
        unheard=list(unheard),
    )


_COUNTED = frozenset({"day", "month", "year"} & RANGES.keys())
"""Ranges whose uptime is shown anyway."""


def _refusals(found: Sequence[Refusals]) -> list[RefusalView]:
    return [
        RefusalView(
            location=one.location,
            country=one.country,
            words=spelled(one.kind),
            detail=one.detail,
            first_at=one.first_at,
            last_at=one.last_at,
            evaluations=one.evaluations,
        )
        for one in found
    ]


def _warning_days(target: BaseTarget | None) -> int:
    """Which server a certificate is of is not known: the one that warns first counts."""
    return (
        max((one.certificate_warning_days for one in target.endpoints), default=_WARNING_DAYS)
        if target
        else _WARNING_DAYS
    )
