"""Times, spans and servers as messages write them."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.kinds import short_label_of
from controller.kinds.servers import NamedServer
from controller.notify.notice import NoticeMonitor
from controller.notify.time_zones import zone_of


def local_time_text(at: datetime, time_zone: str) -> str:
    """For example "2026-03-01 14:05:09 CET (UTC+01:00)"; in UTC when the time zone is unknown."""
    local = at.astimezone(zone_of(time_zone))
    offset = local.strftime("%z")
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()} (UTC{offset[:3]}:{offset[3:5]})"


def clock_text(at: datetime, time_zone: str, day: datetime) -> str:
    """For example "14:05", with the date when it is not the one of `day`."""
    local, beside = at.astimezone(zone_of(time_zone)), day.astimezone(zone_of(time_zone))
    return f"{local:%H:%M}" if local.date() == beside.date() else f"{local:%Y-%m-%d %H:%M}"


def duration_text(span: timedelta) -> str:
    """For example "1 h 5 min"; seconds are shown below an hour."""
    seconds = max(0, round(span.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (0 if days or hours else seconds, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def server(monitor: NoticeMonitor) -> str:
    """The kind and where it connects, for example "smtp mail.example.com:587"."""
    return f"{short_label_of(monitor.kind)} {' and '.join(servers(monitor))}"


def servers(monitor: NoticeMonitor) -> list[str]:
    """Where the checks connect, for example "mail.example.com:587"; at least one."""
    return monitor.servers or [str(NamedServer(monitor.hostname, monitor.port))]


def counted(number: int, one: str, many: str = "") -> str:
    """For example "1 cause" and "1,204 causes"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
