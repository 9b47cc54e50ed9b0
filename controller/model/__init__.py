"""The controller's data: frozen records, and the enumerations they use. No I/O, no clock."""

from __future__ import annotations

from controller.model.accounts import Account, ApiToken, Customer, Organization, OwnSession, Principal, Role, TokenScope
from controller.model.checks import CheckRecord, GapReason, LatestCheck
from controller.model.incidents import (
    Alert,
    Channel,
    ChannelDelivery,
    DeliveryRecord,
    DeliveryTry,
    Incident,
    IncidentSummary,
    UnconfirmedRun,
)
from controller.model.locations import AgentSighting, Location
from controller.model.monitor_settings import Mode, MonitorChange, MonitorSettings, MonitorStatus
from controller.model.monitors import Monitor, ScheduledMonitor

__all__ = [
    "Account",
    "AgentSighting",
    "Alert",
    "ApiToken",
    "Channel",
    "ChannelDelivery",
    "CheckRecord",
    "Customer",
    "DeliveryRecord",
    "DeliveryTry",
    "GapReason",
    "Incident",
    "IncidentSummary",
    "LatestCheck",
    "Location",
    "Mode",
    "Monitor",
    "MonitorChange",
    "MonitorSettings",
    "MonitorStatus",
    "Organization",
    "OwnSession",
    "Principal",
    "Role",
    "ScheduledMonitor",
    "TokenScope",
    "UnconfirmedRun",
]
