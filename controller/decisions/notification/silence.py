"""Why nobody was notified of an outage. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from controller.decisions.evaluation.state import ChangeKind, Severity
from controller.decisions.notification.recipients import (
    Affected,
    Audience,
    RecipientChannel,
    audience,
    receivers,
)


class Silence(StrEnum):
    """Why an outage made no notification."""

    OFF = "off"  # the monitor's notifications are switched off
    MAINTENANCE = "maintenance"
    NO_CHANNEL = "no_channel"  # there is no active channel and no address
    REGIONAL = "regional"  # only the monitor's own channels are used for a regional outage, and it has none
    NOT_MEANT = "not_meant"  # no channel is meant for this customer, or this sort of channel is not to be used
    HELD = "held"  # a monitor that it depends on was down
    LATER = "later"  # somebody would be notified now, so the settings were others then


def silence(
    channels: Sequence[RecipientChannel], severity: Severity, affected: Affected, at: datetime, *, is_held: bool = False
) -> Silence:
    """Why nobody was notified of an outage of this severity. `channels` are the present ones. `is_held`: a monitor that
    it depends on was down.
    """
    if not affected.notify_on_error:
        return Silence.OFF
    if affected.in_maintenance:
        return Silence.MAINTENANCE
    if is_held:
        return Silence.HELD
    if not channels:
        return Silence.NO_CHANNEL
    level = audience(ChangeKind.OPENED, severity, affected)
    if receivers(channels, level, affected, at):
        return Silence.LATER
    if level is Audience.NEAREST and receivers(channels, Audience.EVERYBODY, affected, at):
        return Silence.REGIONAL
    return Silence.NOT_MEANT
