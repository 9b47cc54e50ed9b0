"""Monitors as clients of our own API create, replace and change them."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import Meta

from controller.http.documents.patch_structs import patch_of
from controller.http.monitors.settable import Name, SettableMonitor, Target
from controller.http.monitors.targets import TARGET_EXAMPLE


class MonitorReplacement(SettableMonitor, frozen=True, kw_only=True):
    """A whole monitor in the place of the one that is there: what is left out is as in a new one, but for secrets."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "name": "Mail in",
        "customerId": "11111111-1111-4111-8111-111111111111",
        "target": TARGET_EXAMPLE,
        "interval": 300,
        "timeout": 30,
        "countries": ["DE", "FR"],
        "labels": {"team": "post", "critical": ""},
    }

    name: Name
    target: Target


class MonitorCreation(MonitorReplacement, frozen=True, kw_only=True):
    """A new monitor."""

    EXAMPLE: ClassVar[dict[str, Any]] = {
        **MonitorReplacement.EXAMPLE,
        "project": "shop",
        "externalKey": "mail-in",
    }

    customer_id: Annotated[UUID, Meta(description="Its customer, who cannot be changed later.")]


class MonitorPatch(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON Merge Patch (RFC 7396): what is left out stays as it is, and null removes: then it is as in a new monitor.
    Secrets that are left out stay.
    """

    EXAMPLE: ClassVar[dict[str, Any]] = {
        "interval": 600,
        "target": {"slowAfterMs": None, "certificateWarningDays": 21},
        "labels": {"team": "mail", "critical": None},
    }


PATCH_BODY = patch_of(MonitorPatch, SettableMonitor)
