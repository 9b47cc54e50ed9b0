"""What the page shows, a part for each card. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from controller.model import Monitor
from controller.operations.monitors.report import ReportedMonitor
from controller.operations.monitors.situation import Refusals
from controller.pages.monitor.charts import ChartsView, charts_view
from controller.pages.monitor.figures import UptimeView, uptime_views
from controller.pages.monitor.head import MonitorHead, TriggeredView, head_view, triggered_view
from controller.pages.monitor.kept import KeptView, kept_view
from controller.pages.monitor.lanes import LanesView, lanes_view, locations_of, slices_of
from controller.pages.monitor.log import LogView, log_view
from controller.pages.monitor.period import RANGES, Address, RangeView, ShownTime, range_view
from controller.pages.monitor.server import CertificateView, CompareView, certificates, compare
from controller.pages.monitor.words import ENCRYPTION, FAMILIES, spelled
from controller.pages.shell.texts import counted, span
from shared.wire.targets import TlsMode

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


class Setting(msgspec.Struct, frozen=True):
    name: str
    value: str


class MonitorPageView(msgspec.Struct, frozen=True, kw_only=True):
    """`triggered` is None unless the address names a check that was triggered."""

    head: MonitorHead
    triggered: TriggeredView | None
    times: RangeView
    lanes: LanesView
    charts: ChartsView
    uptimes: list[UptimeView]
    log: LogView
    kept: KeptView
    certificates: list[CertificateView]
    compare: CompareView | None
    encrypts: bool
    refusals: list[RefusalView]
    settings: list[Setting]


def monitor_view(
    report: ReportedMonitor, period: ShownTime, address: Address, triggered_at: datetime | None, now: datetime
) -> MonitorPageView:
    course, latest, target = report.course, report.situation.latest, report.target
    slices = slices_of(course)
    locations = dict.fromkeys(
        [*((one.check.location, one.check.country) for one in latest), *locations_of(course.cells)]
    )
    return MonitorPageView(
        head=head_view(report, target.port if target else report.monitor.port or 0),
        triggered=None if triggered_at is None else triggered_view(report, triggered_at, now),
        times=range_view(period, address, now),
        lanes=lanes_view(course, slices, now),
        charts=charts_view(course, slices),
        uptimes=uptime_views(report.monitor, course.uptimes, ranged=period.range in _COUNTED),
        log=log_view(report.monitor, report.log, address, list(locations)),
        kept=kept_view(report.kept, period.since, now),
        certificates=certificates(latest, target.certificate_warning_days if target else _WARNING_DAYS, now),
        compare=compare(latest),
        encrypts=target is None or target.tls is not TlsMode.NONE,
        refusals=_refusals(report.situation.refusals),
        settings=_settings(report.monitor, report),
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


def _settings(monitor: Monitor, report: ReportedMonitor) -> list[Setting]:
    """Nothing secret: of a login only the user."""
    target, login = report.target, report.login
    countries = monitor.allowed_check_country_codes
    found = [
        Setting("Checked", f"every {span(monitor.interval_seconds)}"),
        Setting("Timeout", span(monitor.timeout_seconds)),
        Setting("Countries", ", ".join(countries) if countries else "as the customer allows, else all"),
    ]
    if target is not None:
        warning = span(target.warning_ms / 1000) if target.warning_ms else "never"
        found += [
            Setting("Encryption", ENCRYPTION[target.tls]),
            Setting("Certificate", "verified" if target.verify_certificate else "not verified"),
            Setting("Warns before it ends", counted(target.certificate_warning_days, "day")),
            Setting("Warns when slower than", warning),
            Setting("Addresses", target.address or FAMILIES[target.ip_family]),
        ]
    found.append(Setting("Login", login.user if login else "none"))
    if monitor.notes:
        found.append(Setting("Notes", monitor.notes))
    return found
