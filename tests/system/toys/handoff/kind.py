"""The config of a handoff monitor: `entry` and `exit` with `host` and `port`, a `user` and a `password` or `ticket`,
and `exitFrom`, the country that alone logs in at the exit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import msgspec
from msgspec import UNSET, Meta, UnsetType

from controller.decisions.evaluation.wording import VerdictWords
from controller.errors import InvalidError
from controller.kinds import values
from controller.kinds.configured import Configured, ConfiguredLogin, login_of
from controller.kinds.kind import MonitorKind, MonitorType
from controller.kinds.typed import TARGET, TypedTarget, Written, put
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


class TypedDesk(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Where lines are handed in, or picked up."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"hasPassword"})

    host: Annotated[str, Meta(description="A host name or an address.", examples=["in.example.com"])]
    port: Annotated[int, Meta(description="The port.", ge=1, le=65_535, examples=[4025])]
    user: Annotated[str, Meta(description="Who logs in. Null: nobody.")] | None = None
    password: (
        Annotated[str, Meta(description="Left out: kept; null removes it.", extra_json_schema={"writeOnly": True})]
        | UnsetType
        | None
    ) = UNSET
    has_password: Annotated[
        bool, Meta(description="Whether there is a password.", extra_json_schema={"readOnly": True})
    ] = False

    @classmethod
    def of(cls, section: dict[str, Any], secret: str) -> Self:
        return cls(
            host=section["host"],
            port=int(section["port"]),
            user=section.get("user"),
            has_password=bool(section.get(secret)),
        )

    def into(self, section: dict[str, Any], secret: str) -> dict[str, Any]:
        new = {**section, "host": self.host, "port": self.port}
        put(new, "user", self.user, None)
        if not isinstance(self.password, UnsetType):
            put(new, secret, self.password, None)
        return new


class TypedHandoff(TypedTarget, frozen=True, kw_only=True, tag_field="kind", tag="handoff"):
    """Lines that are handed in at one desk must be there at the other."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "entry": {"host": "in.example.com", "port": 4025, "user": "giver", "password": "password"},
        "exit": {"host": "out.example.com", "port": 4110, "user": "taker", "password": "ticket"},
        "exitFrom": "DE",
    }
    FIELDS: ClassVar[Mapping[str, str]] = {"exit.ticket": "exit.password"}

    entry: TypedDesk
    exit: TypedDesk
    exit_from: Annotated[str, Meta(description="The country that alone logs in at the exit.")] | None = None
    wait_seconds: Annotated[int, Meta(description="How long a line may take, in seconds.", ge=1, le=60)] = 5

    @classmethod
    def of(cls, monitor: Configured, field: str) -> Self:
        config, target = monitor.config, target_of(monitor, field)
        return cls(
            entry=TypedDesk.of(config[ENTRY], "password"),
            exit=TypedDesk.of(config[EXIT], "ticket"),
            exit_from=config.get("exitFrom"),
            wait_seconds=target.wait_seconds,
        )

    def into(self, config: dict[str, Any]) -> Written:
        new = {
            **config,
            ENTRY: self.entry.into(values.section(config, ENTRY, TARGET), "password"),
            EXIT: self.exit.into(values.section(config, EXIT, TARGET), "ticket"),
        }
        put(new, "exitFrom", self.exit_from, None)
        put(new, "waitSeconds", self.wait_seconds, 5)
        return Written("handoff", "", None, new)


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
        typed=TypedHandoff,
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
