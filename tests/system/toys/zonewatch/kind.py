"""The config of a zone watch: `address`, which the name must have, and `watchSeconds`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from msgspec import Meta

from controller.decisions.evaluation.wording import VerdictWords
from controller.kinds.configured import Configured
from controller.kinds.kind import MonitorKind, MonitorType
from controller.kinds.plain import target_from
from controller.kinds.typed import TypedTarget, Written, put
from controller.kinds.words import KindWords
from controller.model.values.hostname import host_of
from shared.wire.explanations import Explanation
from shared.wire.failures import FailureKind, Phase
from tests.system.toys.zonewatch.target import ZonewatchTarget


def target_of(monitor: Configured, field: str) -> ZonewatchTarget:
    """Raises InvalidError."""
    return target_from(monitor, ZonewatchTarget, field, domain=host_of(monitor.hostname))


class TypedZonewatch(TypedTarget, frozen=True, kw_only=True, tag_field="kind", tag="zonewatch"):
    """A name that must keep its address."""

    EXAMPLE: ClassVar[dict[str, Any]] = {"domain": "example.com", "address": "192.0.2.1"}
    FIELDS: ClassVar[Mapping[str, str]] = {"hostname": "domain"}

    domain: Annotated[str, Meta(description="The name to look up.", examples=["example.com"])]
    address: Annotated[str, Meta(description="The address it must have.", examples=["192.0.2.1"])]
    watch_seconds: Annotated[int, Meta(description="How long it is watched, in seconds.", ge=1, le=280)] = 120

    @classmethod
    def of(cls, monitor: Configured, field: str) -> Self:
        target = target_of(monitor, field)
        return cls(domain=monitor.hostname, address=target.address, watch_seconds=target.watch_seconds)

    def into(self, config: dict[str, Any]) -> Written:
        new = {**config, "address": self.address}
        put(new, "watchSeconds", self.watch_seconds, 120)
        return Written("zonewatch", self.domain, None, new)


KINDS = (
    MonitorKind(
        target=ZonewatchTarget,
        type=MonitorType("zone-watch", "Zone watch", "zoneConfig", example={"address": "192.0.2.1"}),
        label="Zone watch",
        typed=TypedZonewatch,
        read=target_of,
        settings=lambda target: [("Address", target.address), ("Watched for", f"{target.watch_seconds} s")],
        shortest_interval_seconds=60,
        longest_timeout_seconds=300,
        evaluation_deadline_seconds=600,
        words=KindWords(
            verdict=VerdictWords(subject="zone", cannot={Phase.RESOLVE: "do not see the address"}),
            phase_names={Phase.RESOLVE: "watch"},
            phases={Phase.RESOLVE: "The name is looked up again and again."},
            detail={"addresses": "Addresses found last"},
            failures={FailureKind.DNS_NOT_FOUND: Explanation("The name has another address.", "Correct the zone.")},
        ),
    ),
)
