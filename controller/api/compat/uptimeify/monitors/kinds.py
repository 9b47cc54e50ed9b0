"""The two types of mail monitor as Uptimeify's clients tell them apart: their paths, names, bodies and exact texts.

The routes are written once (monitors, checks …) and made for each of these.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from controller import kinds as targets
from controller.api.compat.uptimeify.monitors import answers, bodies, detail_answers, examples, history
from controller.api.http.bodies import JsonBody
from controller.api.http.identifiers import monitor_public_id
from controller.model import CheckRecord


class Group(NamedTuple):
    """A type of monitor. `own_config` is the field that says `config` by the name of the type; `number` is the field
    that says a monitor's number outside the monitor itself. `unknown_customer` is said with 404 where a new monitor's
    customer is not known; None where that is a 400 as any other.
    """

    path: str
    kinds: tuple[str, ...]
    name: str
    own_config: str
    number: str
    queue: str
    not_found: str
    unknown_customer: str | None
    embeds_customer: bool
    new: type[JsonBody[Any]]
    change: type[JsonBody[Any]]
    written: type[answers.MonitorAnswer]
    detail: type[answers.MonitorAnswer]
    triggered: type[answers.TriggerAnswer]
    history: type[history.History]
    history_item: Callable[[CheckRecord], history.HistoryItem]
    details: type[detail_answers.MonitorDetails]
    latest_check: Callable[[CheckRecord], detail_answers.LatestCheck]
    examples: examples.Examples

    @property
    def wanted(self) -> str:
        """What is said of a path that names no monitor."""
        return f"{self.name} public ID (UUID) required"

    @property
    def noun(self) -> str:
        return f"an {self.name}"

    def public_id(self, text: str) -> UUID:
        """Raises InvalidError."""
        return monitor_public_id(text, wanted=self.wanted)


SMTP = Group(
    path="/api/smtp-monitors",
    kinds=targets.SMTP,
    name="SMTP monitor",
    own_config="smtp_config",
    number="smtp_monitor_id",
    queue="smtp-monitor-checks",
    not_found="Not found",
    unknown_customer=None,
    embeds_customer=False,
    new=JsonBody[bodies.NewSmtpMonitor],
    change=JsonBody[bodies.SmtpMonitorChange],
    written=answers.SmtpMonitorAnswer,
    detail=answers.SmtpMonitorDetail,
    triggered=answers.SmtpTriggerAnswer,
    history=history.SmtpHistory,
    history_item=history.smtp_item,
    details=detail_answers.SmtpMonitorDetails,
    latest_check=detail_answers.smtp_latest,
    examples=examples.SMTP,
)

IMAP_POP = Group(
    path="/api/imap-pop-monitors",
    kinds=targets.IMAP_POP,
    name="IMAP/POP monitor",
    own_config="imap_pop_config",
    number="imap_pop_monitor_id",
    queue="imap-pop-monitor-checks",
    not_found="IMAP/POP monitor not found",
    unknown_customer="Customer not found",
    embeds_customer=True,
    new=JsonBody[bodies.NewImapPopMonitor],
    change=JsonBody[bodies.ImapPopMonitorChange],
    written=answers.ImapPopMonitorAnswer,
    detail=answers.ImapPopMonitorDetail,
    triggered=answers.ImapPopTriggerAnswer,
    history=history.ImapPopHistory,
    history_item=history.imap_pop_item,
    details=detail_answers.ImapPopMonitorDetails,
    latest_check=detail_answers.imap_pop_latest,
    examples=examples.IMAP_POP,
)

GROUPS = (SMTP, IMAP_POP)
