"""Which policy holds for a monitor: its own, else its customer's, else that of the customer's package, else its
organization's, else the standard. Pure.

AlertSite's mode of a monitor and Uptimeify's threshold of a customer count as their policies, unless they have one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from controller.decisions.evaluation.policy import PRESETS, STANDARD, Policy
from controller.model import Mode


class Origin(StrEnum):
    """Where a policy comes from."""

    MONITOR = "monitor"
    CUSTOMER = "customer"
    PACKAGE = "package"
    ORGANIZATION = "organization"
    STANDARD = "standard"


class Level(StrEnum):
    """The level at which a policy is set."""

    ORGANIZATION = "organization"
    CUSTOMER = "customer"
    MONITOR = "monitor"


Own: TypeAlias = "Policy | Mode | None"
"""The own policy of a level: a policy, a preset, or nothing."""


class Levels(NamedTuple):
    """What is set at each level; None where nothing is set, and below the level in question. `package` is what the
    customer's package says, and `threshold` the customer's alertLocationThresholdCount.
    """

    organization: Policy | None = None
    package: Policy | None = None
    customer: Policy | None = None
    threshold: int | None = None
    monitor: Policy | None = None
    mode: Mode | None = None


class Effective(NamedTuple):
    """The policy that holds, and the level it comes from."""

    policy: Policy
    origin: Origin


def effective(levels: Levels) -> Effective:
    """The first policy that is set, from the monitor upwards."""
    monitor = levels.monitor or (PRESETS[levels.mode] if levels.mode else None)
    package = levels.package
    customer = levels.customer or (replace(package or Policy(), quorum=levels.threshold) if levels.threshold else None)
    for policy, origin in (
        (monitor, Origin.MONITOR),
        (customer, Origin.CUSTOMER),
        (package, Origin.PACKAGE),
        (levels.organization, Origin.ORGANIZATION),
    ):
        if policy is not None:
            return Effective(policy, origin)
    return Effective(STANDARD, Origin.STANDARD)


class OwnStored(NamedTuple):
    """The own policy of a level as it is stored; only a monitor has a mode."""

    policy: Policy | None
    mode: Mode | None


def own_stored(level: Level, own: Own) -> OwnStored:
    """A monitor's preset is stored as its mode, so that it uses its locations accordingly and AlertSite's clients can
    read it; at the other levels it is a policy like any.
    """
    if not isinstance(own, Mode):
        return OwnStored(own, None)
    return OwnStored(None, own) if level is Level.MONITOR else OwnStored(PRESETS[own], None)


def preset_of(policy: Policy) -> Mode | None:
    """The mode whose preset this policy is; None when there is none."""
    return next((mode for mode, preset in PRESETS.items() if preset == policy), None)
