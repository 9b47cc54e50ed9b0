"""The two groups of mail monitors that Uptimeify's clients know: their paths, names, bodies and exact texts.

The routes are written once (monitors, checks …) and made for each group.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from controller.api.compat.uptimeify.checks import history
from controller.api.compat.uptimeify.details import answers as detail_answers
from controller.api.compat.uptimeify.monitors import answers, bodies, examples
from controller.api.compat.uptimeify.monitors.fields import MonitorAnswer
from controller.http.bodies import JsonBody
from controller.http.identifiers import monitor_public_id
from controller.kinds import imap_pop, smtp
from controller.model import CheckRecord


class UptimeifyGroup(NamedTuple):
    """A group of monitors. `own_config` is the group's own name of the field `config`; `number` is the field that holds
    a monitor's number outside the monitor itself. `unknown_customer` is the text of the 404 for a new monitor of an
    unknown customer; with None that is a 400 like any other.
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
    written: type[MonitorAnswer]
    detail: type[MonitorAnswer]
    triggered: type[answers.TriggerAnswer]
    history: type[history.History]
    history_item: Callable[[CheckRecord], history.HistoryItem]
    details: type[detail_answers.UptimeifyMonitorDetails]
    latest_check: Callable[[CheckRecord], detail_answers.UptimeifyLatestCheck]
    examples: examples.Examples

    @property
    def id_required(self) -> str:
        """The error text for a path without a valid monitor id."""
        return f"{self.name} public ID (UUID) required"

    @property
    def noun(self) -> str:
        return f"an {self.name}"

    def public_id(self, text: str) -> UUID:
        """Raises InvalidError."""
        return monitor_public_id(text, message=self.id_required)


SMTP = UptimeifyGroup(
    path="/api/smtp-monitors",
    kinds=smtp.SMTP,
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

IMAP_POP = UptimeifyGroup(
    path="/api/imap-pop-monitors",
    kinds=imap_pop.IMAP_POP,
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
