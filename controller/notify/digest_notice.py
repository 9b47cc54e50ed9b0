"""The facts of a digest of what quiet hours held, stored until every receiver has it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec


class DigestOutage(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """An outage of a digest; it lasts while `ended` is None."""

    incident_public_id: UUID
    monitor: str
    customer: str
    severity: str
    reason: str
    began: datetime
    ended: datetime | None = None


class DigestNotice(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="digest"):
    """What the quiet hours of a channel held since then, told at their end (`at`): outages that are still `wrong`, and
    such as have `ended`.
    """

    title: str
    at: datetime
    since: datetime
    time_zone: str = "UTC"
    organization: str = ""
    wrong: list[DigestOutage] = []
    ended: list[DigestOutage] = []

    @property
    def over(self) -> bool:
        return not self.wrong

    @property
    def paragraphs(self) -> list[str]:
        """An outage each, for receivers that show no lists."""
        return [
            *(f"Still wrong: {one.monitor}: {one.reason}." for one in self.wrong),
            *(f"Over: {one.monitor}: {one.reason}." for one in self.ended),
        ]

    @property
    def subject_id(self) -> str | None:
        return None

    @property
    def path(self) -> str:
        return "/incidents"

    @property
    def sms_text(self) -> str:
        """The names; an end is told by the subject."""
        return ", ".join(one.monitor for one in (self.wrong or self.ended))
