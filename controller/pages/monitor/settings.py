"""The settings of a monitor as its page lists them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from controller.kinds import kind_named
from controller.kinds.servers import NamedServer
from controller.operations.monitors.report import ReportedMonitor
from controller.pages.monitor.words import ENCRYPTION, FAMILIES
from controller.pages.shell.texts import counted, milliseconds, span
from shared.wire.targets import BaseTarget, Server


class Setting(msgspec.Struct, frozen=True):
    name: str
    value: str


def settings_of(report: ReportedMonitor) -> list[Setting]:
    """Nothing secret: of a login only the user."""
    monitor, target = report.monitor, report.target
    countries = monitor.allowed_check_country_codes
    found = [
        Setting("Checked", f"every {span(monitor.interval_seconds)}"),
        Setting("Timeout", span(monitor.timeout_seconds)),
        Setting("Countries", ", ".join(countries) if countries else "as the customer allows, else all"),
    ]
    if target is not None:
        found += _of_target(target)
        found += [Setting(*one) for one in kind_named(monitor.kind).settings(target)]
    found += _logins(report)
    if monitor.labels:
        found.append(Setting("Labels", ", ".join(map(_label, sorted(monitor.labels.items())))))
    if monitor.notes:
        found.append(Setting("Notes", monitor.notes))
    return found


def _label(label: tuple[str, str]) -> str:
    key, value = label
    return f"{key}: {value}" if value else key


def _of_target(target: BaseTarget) -> Iterator[Setting]:
    """Those of each server, with its name where there are several. How long the whole check takes is said once."""
    several = len(target.endpoints) > 1
    if not isinstance(target, Server):
        yield Setting("Warns when slower than", _slow(target))
    for server in target.endpoints:
        for one in _of_server(server, whole=isinstance(target, Server)):
            yield Setting(f"{NamedServer(server.host, server.port)}: {one.name}", one.value) if several else one


def _of_server(server: Server, *, whole: bool) -> Iterator[Setting]:
    """`whole`: it is all that is checked."""
    yield Setting("Encryption", ENCRYPTION[server.tls])
    yield Setting("Certificate", "verified" if server.verify_certificate else "not verified")
    yield Setting("Warns before it ends", counted(server.certificate_warning_days, "day"))
    if whole:
        yield Setting("Warns when slower than", _slow(server))
    yield Setting("Addresses", server.address or FAMILIES[server.ip_family])


def _logins(report: ReportedMonitor) -> Iterator[Setting]:
    """Nothing for a kind that has no logins; the name of each where it has several."""
    names = type(report.target).LOGINS if report.target else tuple(report.logins)
    for name in names:
        login = report.logins.get(name)
        yield Setting("Login" if len(names) == 1 else f"Login: {name}", login.user if login else "none")


def _slow(target: BaseTarget) -> str:
    """Exact: a span of time shows no part of a second."""
    limit = target.slow_after_ms
    if not limit:
        return "never"
    return milliseconds(limit) if limit % 1000 else span(limit / 1000)
