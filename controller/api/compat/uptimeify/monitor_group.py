"""A group of monitors as Uptimeify's clients know it: the paths, names, bodies and texts of one type of monitor.

The routes are written once (monitors, checks …) and made for each group.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from controller.api.compat.uptimeify.checks.history import CheckHistory, HistoryItem, history_of, item_fields
from controller.api.compat.uptimeify.details.answers import (
    UptimeifyLatestCheck,
    UptimeifyMonitorDetails,
    details_of,
    latest_fields,
)
from controller.api.compat.uptimeify.monitors import answers as monitor_answers
from controller.api.compat.uptimeify.monitors import bodies as monitor_bodies
from controller.api.compat.uptimeify.monitors.examples import (
    Examples,
    GroupNames,
    MonitorExample,
    body_example,
    examples_of,
)
from controller.api.compat.uptimeify.monitors.fields import UptimeifyMonitorAnswer
from controller.http.identifiers import monitor_public_id
from controller.kinds import MonitorType, kind_named, kinds_of_type
from controller.model import CheckRecord

_KEPT_CONFIG = "Replaces the stored config. A secret sent as ******** keeps the stored one."
_PORT = "1 to 65535. Null: the usual one."
_AN = re.compile(r"[AEFHILMNORSX][A-Z]|[AEIOaeio]")
"""How a word begins that is spoken with a vowel first: letter by letter, or as a word."""


@dataclass(frozen=True, kw_only=True)
class UptimeifyGroup:
    """The routes of a type of monitor. What is not given is as in the group of IMAP and POP3, in words of this type.

    `not_found` is the text of the 404 for a monitor, `unknown_customer` that for a new monitor of an unknown customer;
    with None that is a 400 like any other. `port_rule` and `config_rule` describe fields of the bodies, `example` is
    the monitor in the examples.
    """

    monitor_type: MonitorType
    not_found: str = ""
    unknown_customer: str | None = "Customer not found"
    embeds_customer: bool = True
    port_rule: str = _PORT
    config_rule: str = _KEPT_CONFIG
    example: MonitorExample | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "not_found", self.not_found or f"{self.name} not found")

    @property
    def path(self) -> str:
        return f"/api/{self.monitor_type.name}-monitors"

    @property
    def name(self) -> str:
        return f"{self.monitor_type.label} monitor"

    @property
    def noun(self) -> str:
        return f"{'an' if _AN.match(self.name) else 'a'} {self.name}"

    @property
    def id_required(self) -> str:
        """The error text for a path without a valid monitor id."""
        return f"{self.name} public ID (UUID) required"

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        return kinds_of_type(self.monitor_type)

    @cached_property
    def names(self) -> GroupNames:
        return GroupNames(
            config=self.monitor_type.config_field,
            number=f"{self.stem[0].lower()}{self.stem[1:]}MonitorId",
            queue=f"{self.monitor_type.name}-monitor-checks",
            timing=f"timing{self.stem}",
        )

    @cached_property
    def stem(self) -> str:
        """The type in names of structs and fields, as in `NewImapPopMonitor`."""
        return "".join(word.capitalize() for word in self.monitor_type.name.split("-"))

    @cached_property
    def bodies(self) -> tuple[type[monitor_bodies.UptimeifyNewMonitor], type[monitor_bodies.UptimeifyMonitorChange]]:
        """The bodies that create and change a monitor."""
        shown, kinds = self._shown_monitor, [kind_named(kind) for kind in self.kinds]
        return monitor_bodies.bodies_of(
            self.stem,
            self.names.config,
            needs_hostname=self.monitor_type.needs_hostname,
            port=monitor_bodies.port_type(self.port_rule, shown.port),
            config=monitor_bodies.config_type(self.config_rule, shown.config),
            interval=monitor_bodies.interval_type(min(kind.shortest_interval_seconds for kind in kinds)),
            timeout=monitor_bodies.timeout_type(max(kind.longest_timeout_seconds for kind in kinds)),
            example=body_example(shown, self.names.config),
        )

    @cached_property
    def answers(self) -> tuple[type[UptimeifyMonitorAnswer], type[UptimeifyMonitorAnswer]]:
        """A monitor as the caller who wrote it sees it, and as those who read it do."""
        return monitor_answers.answers_of(self.stem, self.names.config, embeds_customer=self.embeds_customer)

    @cached_property
    def triggered(self) -> type[monitor_answers.TriggerAnswer]:
        return monitor_answers.trigger_answer_of(self.stem, self.names.number)

    @cached_property
    def history(self) -> tuple[type[CheckHistory], type[HistoryItem]]:
        return history_of(self.stem, self.names.timing)

    @cached_property
    def details(self) -> tuple[type[UptimeifyMonitorDetails], type[UptimeifyLatestCheck]]:
        return details_of(self.stem, self.names.number, self.names.timing, self.history[1])

    @cached_property
    def examples(self) -> Examples:
        return examples_of(self._shown_monitor, self.names, embeds_customer=self.embeds_customer)

    @property
    def _shown_monitor(self) -> MonitorExample:
        host = "mail.example.com" if self.monitor_type.needs_hostname else ""
        return self.example or MonitorExample(100, self.name, host, None, 3600, self.monitor_type.example)

    def public_id(self, text: str) -> UUID:
        """Raises InvalidError."""
        return monitor_public_id(text, message=self.id_required)

    def history_item(self, check: CheckRecord) -> HistoryItem:
        own: dict[str, Any] = {self.names.timing: round(check.duration_ms)}
        return self.history[1](**item_fields(check), **own)

    def latest_check(self, check: CheckRecord) -> UptimeifyLatestCheck:
        own: dict[str, Any] = {self.names.timing: round(check.duration_ms)}
        return self.details[1](**latest_fields(check), **own)
