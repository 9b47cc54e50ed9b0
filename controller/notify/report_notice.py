"""The facts of a daily or weekly digest, stored until its receiver has it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


class ReportOutage(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An outage of a report; it lasts while `ended` is None."""

    incident_public_id: UUID
    monitor: str
    customer: str
    severity: str
    cause: str
    began: datetime
    ended: datetime | None = None


class ReportExpiry(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A certificate that expires soon, or has expired."""

    monitor_public_id: UUID
    monitor: str
    expires_at: datetime


class ReportWarning(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A warning that stands, as text, at so many locations; `remedy` is what to do about it, where that is known."""

    monitor_public_id: UUID
    monitor: str
    warning: str
    locations: int
    remedy: str = ""


class ReportNoise(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A monitor with many incidents, or one that was unstable."""

    monitor_public_id: UUID
    monitor: str
    incidents: int
    flapping: bool = False


class ReportNotice(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="report"):
    """The daily or weekly digest of a channel: what went wrong since then, what is about to, and what is noisy. Lists
    have the first MOST_MEMBERS (50); the numbers count all. `uptime` is in percent, None when no time was judged.
    """

    frequency: str
    at: datetime
    since: datetime
    scope: str
    time_zone: str = "UTC"
    organization: str = ""
    uptime: float | None = None
    wrong: list[ReportOutage] = []
    ended: list[ReportOutage] = []
    expiring: list[ReportExpiry] = []
    warnings: list[ReportWarning] = []
    noisy: list[ReportNoise] = []
    number_wrong: int = 0
    number_ended: int = 0
    number_expiring: int = 0
    number_warnings: int = 0
    number_noisy: int = 0

    @property
    def title(self) -> str:
        return f"{self.frequency.capitalize()} digest: {self.summary}"

    @property
    def summary(self) -> str:
        """For example "1 outage lasts, 3 are over, 2 certificates expire soon, 1 warning stands"."""
        wrong, ended, expiring = self.number_wrong, self.number_ended, self.number_expiring
        parts = [f"{wrong:,} {'outage lasts' if wrong == 1 else 'outages last'}"] if wrong else []
        if ended:
            outages = "" if wrong else (" outage" if ended == 1 else " outages")
            parts.append(f"{ended:,}{outages} {'is' if ended == 1 else 'are'} over")
        if expiring:
            parts.append(f"{expiring:,} {'certificate expires' if expiring == 1 else 'certificates expire'} soon")
        if self.number_warnings:
            parts.append(
                f"{self.number_warnings:,} {'warning stands' if self.number_warnings == 1 else 'warnings stand'}"
            )
        return ", ".join(parts) or "nothing went wrong"

    @property
    def eventful(self) -> bool:
        return bool(self.number_wrong or self.number_ended)

    @property
    def over(self) -> bool:
        return False

    @property
    def paragraphs(self) -> list[str]:
        return [self.summary]

    @property
    def subject_id(self) -> str | None:
        return None

    @property
    def path(self) -> str:
        return "/incidents"

    @property
    def sms_text(self) -> str:
        return self.summary
