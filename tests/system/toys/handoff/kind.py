"""The config of a handoff monitor: `entry` and `exit` with `host` and `port`, a `user` and a `password` or `ticket`,
and `exitFrom`, the country that alone logs in at the exit.
"""

from __future__ import annotations

from typing import Any

from controller.decisions.evaluation.wording import VerdictWords
from controller.errors import InvalidError
from controller.kinds import values
from controller.kinds.configured import Configured, ConfiguredLogin, login_of
from controller.kinds.kind import MonitorKind, MonitorType
from controller.kinds.words import KindWords
from controller.model import Location
from controller.model.values.countries import country_list
from controller.model.values.hostname import host_of
from shared.wire.failures import Phase
from shared.wire.targets import Server, TlsMode
from tests.system.toys.handoff.target import ENTRY, EXIT, HandoffTarget

_PORTS = range(1, 65_535 + 1)
_WAIT_SECONDS = range(1, 60 + 1)


def target_of(monitor: Configured, field: str) -> HandoffTarget:
    """Raises InvalidError."""
    config = monitor.config
    wait = values.number(config, "waitSeconds", field, _WAIT_SECONDS)
    if (country := values.text(config, "exitFrom", field)) != "":
        country_list([country], field=f"{field}.exitFrom")
    logins_of(config, field)
    entry, exit_ = _server(config, ENTRY, field), _server(config, EXIT, field)
    return HandoffTarget(entry=entry, exit=exit_, wait_seconds=5 if wait is None else wait)


def logins_of(config: dict[str, Any], field: str) -> dict[str, ConfiguredLogin]:
    """Raises InvalidError."""
    entry, exit_ = values.section(config, ENTRY, field), values.section(config, EXIT, field)
    return {
        **login_of(entry, "password", f"{field}.{ENTRY}", name=ENTRY),
        **login_of(exit_, "ticket", f"{field}.{EXIT}", name=EXIT),
    }


def uses_login(login: str, config: dict[str, Any], location: Location) -> bool:
    country = str(config.get("exitFrom") or location.country_code)
    return login != EXIT or location.country_code == country.upper()


def _server(config: dict[str, Any], name: str, field: str) -> Server:
    section, field = values.section(config, name, field), f"{field}.{name}"
    host, port = values.text(section, "host", field), values.number(section, "port", field, _PORTS)
    if not host:
        raise InvalidError(f"{field}.host", "is required")
    if port is None:
        raise InvalidError(f"{field}.port", "is required")
    return Server(host=host_of(host, field=f"{field}.host"), port=port, tls=TlsMode.NONE)


KINDS = (
    MonitorKind(
        target=HandoffTarget,
        type=MonitorType(
            "hand-off",
            "Hand-off",
            needs_hostname=False,
            example={
                "entry": {"host": "in.example.com", "port": 4025, "user": "giver", "password": "password"},
                "exit": {"host": "out.example.com", "port": 4110, "user": "taker", "ticket": "ticket"},
                "exitFrom": "DE",
            },
        ),
        label="Hand-off",
        read=target_of,
        settings=lambda target: [("Waits for the line", f"{target.wait_seconds} s")],
        logins=logins_of,
        uses_login=uses_login,
        secrets=frozenset({"ticket"}),
        words=KindWords(
            verdict=VerdictWords(subject="desk", cannot={Phase.MAILBOX: "cannot pick up the line"}),
            phase_names={Phase.ENVELOPE: "hand in", Phase.MAILBOX: "pick up"},
        ),
    ),
)
