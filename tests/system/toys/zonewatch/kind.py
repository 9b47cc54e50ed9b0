"""The config of a zone watch: `address`, which the name must have, and `watchSeconds`."""

from __future__ import annotations

from controller.decisions.evaluation.wording import VerdictWords
from controller.kinds.configured import Configured
from controller.kinds.kind import MonitorKind, MonitorType
from controller.kinds.plain import target_from
from controller.kinds.words import KindWords
from controller.model.values.hostname import host_of
from shared.wire.explanations import Explanation
from shared.wire.failures import FailureKind, Phase
from tests.system.toys.zonewatch.target import ZonewatchTarget


def target_of(monitor: Configured, field: str) -> ZonewatchTarget:
    """Raises InvalidError."""
    return target_from(monitor, ZonewatchTarget, field, domain=host_of(monitor.hostname))


KINDS = (
    MonitorKind(
        target=ZonewatchTarget,
        type=MonitorType("zone-watch", "Zone watch", "zoneConfig", example={"address": "192.0.2.1"}),
        label="Zone watch",
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
