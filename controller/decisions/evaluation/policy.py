"""When failures confirm an outage: how many locations must agree, how often in a row; the vendors' modes as presets."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from controller.model import Mode

MOST = 100
MOST_RECHECKS = 5

Count = Annotated[int, msgspec.Meta(ge=1, le=MOST)]
RegionalSeconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]


class Policy(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`quorum` of the voters must fail in one evaluation: that of a round, or of a recheck of it. `rechecks` None is 1,
    and 2 for a monitor with a single voter. `consecutive_rounds` failing rounds come before the rechecks;
    `recovery_rounds` good evaluations in a row end an incident. With voters `home` only the home location votes, and
    the others recheck it. A regional outage is confirmed when a location has failed for `regional_after_seconds`.
    """

    quorum: Literal["any", "majority", "all"] | Count = "majority"
    voters: Literal["all", "home"] = "all"
    order: Literal["parallel", "sequential"] = "parallel"
    rechecks: Annotated[int, msgspec.Meta(ge=0, le=MOST_RECHECKS)] | None = None
    consecutive_rounds: Count = 1
    recovery_rounds: Count = 1
    regional_after_seconds: RegionalSeconds = 60

    def needed(self, voters: int) -> int:
        """How many of so many voters must fail; never more than there are."""
        if isinstance(self.quorum, int):
            return min(self.quorum, max(1, voters))
        return {"any": 1, "majority": voters // 2 + 1, "all": max(1, voters)}[self.quorum]

    def rechecks_with(self, voters: int) -> int:
        return self.rechecks if self.rechecks is not None else 2 if voters == 1 else 1


STANDARD = Policy()

PRESETS: dict[Mode, Policy] = {
    Mode.PRIMARY: Policy(quorum="any", voters="home"),
    Mode.GLOBAL_NOTIFY: Policy(quorum="any"),
    Mode.GLOBAL_VERIFY: Policy(quorum=2),
    Mode.ROUND_ROBIN: Policy(quorum="any", order="sequential", rechecks=0, consecutive_rounds=2),
    Mode.SLA: Policy(quorum="all"),
}


def from_thresholds(
    consecutive_checks: int, location_threshold: Literal["any", "majority", "all"] | None, count: int | None
) -> Policy:
    """Uptimeify's `alertConsecutiveChecks` and `alertLocationThreshold` as a policy; a `count` has precedence."""
    return Policy(quorum=count or location_threshold or "majority", consecutive_rounds=consecutive_checks)
