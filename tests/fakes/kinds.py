"""Kinds of monitor that are unlike the usual ones: `pair` has two servers with a login each, `zone` has none."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import pytest

from controller.decisions.evaluation.state import VerdictKind
from controller.decisions.evaluation.wording import VerdictWords
from controller.kinds import BY_NAME, ConfiguredLogin, MonitorKind, MonitorType
from controller.kinds.configured import Configured
from controller.kinds.forms import FormField, FormGroup, KindForm
from controller.kinds.typed import TypedTarget, Written
from controller.kinds.words import KindWords
from shared.wire.explanations import Explanation
from shared.wire.failures import FailureKind, Phase
from shared.wire.targets import BaseTarget, Server, TlsMode


class PairTarget(BaseTarget, frozen=True, kw_only=True, tag_field="kind", tag="pair"):
    """Two servers, from one of which something goes to the other."""

    LOGINS: ClassVar[tuple[str, ...]] = ("sender", "reader")

    sender: Server
    reader: Server

    @property
    def endpoints(self) -> tuple[Server, ...]:
        return (self.sender, self.reader)


class ZoneTarget(BaseTarget, frozen=True, kw_only=True, tag_field="kind", tag="zone"):
    """A domain, of which only name servers are asked."""

    PHASES: ClassVar[tuple[Phase, ...]] = (Phase.RESOLVE,)
    SUBJECT: ClassVar[str] = "domain"

    domain: str


class TypedPair(TypedTarget, frozen=True, kw_only=True, tag_field="kind", tag="pair"):
    """The two servers by their names."""

    sender: str
    reader: str

    @classmethod
    def of(cls, monitor: Configured, field: str) -> Self:  # noqa: ARG003 - no error names it
        return cls(sender=monitor.hostname, reader=monitor.config["reader"])

    def into(self, config: dict[str, Any]) -> Written:
        return Written("pair", self.sender, None, {**config, "reader": self.reader})


class TypedZone(TypedTarget, frozen=True, kw_only=True, tag_field="kind", tag="zone"):
    """A domain."""

    domain: str

    @classmethod
    def of(cls, monitor: Configured, field: str) -> Self:  # noqa: ARG003 - no error names it
        return cls(domain=monitor.hostname)

    def into(self, config: dict[str, Any]) -> Written:
        return Written("zone", self.domain, None, config)


def _pair(monitor: Configured, _field: str) -> PairTarget:
    return PairTarget(
        sender=Server(host=monitor.hostname, port=587, certificate_warning_days=7),
        reader=Server(host=monitor.config["reader"], port=993, tls=TlsMode.IMPLICIT, certificate_warning_days=30),
    )


def _logins(config: dict[str, Any], _field: str) -> dict[str, ConfiguredLogin]:
    return {"reader": ConfiguredLogin(config["user"], "secret", bearer=False)} if "user" in config else {}


PAIR = MonitorKind(
    target=PairTarget,
    type=MonitorType("pair", "Pair"),
    label="Round trip",
    typed=TypedPair,
    read=_pair,
    logins=_logins,
)
ZONE = MonitorKind(
    target=ZoneTarget,
    type=MonitorType("zone", "Zone"),
    label="Domain",
    typed=TypedZone,
    read=lambda monitor, _field: ZoneTarget(domain=monitor.hostname),
    form=KindForm((FormGroup("What is checked", (FormField("domain", "Domain"),)),)),
    settings=lambda target: [("Domain", target.domain)],
    words=KindWords(
        verdict=VerdictWords(
            subject="domain", passes=("answers", "answer"), cannot={Phase.RESOLVE: "find no record of it"}
        ),
        meanings={VerdictKind.DOWN: "Nobody finds its servers.", VerdictKind.UP: "Its servers are found."},
        failures={FailureKind.DNS_NOT_FOUND: Explanation("The record is gone.", "Publish it again.")},
        phases={Phase.RESOLVE: "Every name server is asked."},
        phase_names={Phase.RESOLVE: "ask"},
        facts={"serial": "Serial number"},
        detail={"servers.ttl": "Time to live"},
    ),
)


def install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make both known to the registry of kinds."""
    monkeypatch.setattr("controller.kinds.BY_NAME", {**BY_NAME, PAIR.name: PAIR, ZONE.name: ZONE})
