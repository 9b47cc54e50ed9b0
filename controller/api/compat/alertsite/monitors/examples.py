"""Examples of the monitors' routes for the OpenAPI document: as printed where a page prints them."""

from __future__ import annotations

from typing import Any

IDENTIFIED = {"id": "123456"}
REQUIRED = "invalid_request - billing_plancode is required"

MONITOR: dict[str, Any] = {
    "id": 123456,
    "type": "email-smtp",
    "name": "Email Sample Monitor",
    "hostname": "smtp.mycompany.com",
    "port": 25,
    "ipv4": "",
    "resolve_dns": True,
    "interval": 15,
    "timeout": 30,
    "enabled": True,
    "locations": [{"id": 1, "name": "Germany", "region": 2}],
    "home_location": 1,
    "mode": "Global Verify",
    "rotate_locations": False,
    "monitor_location_count": 1,
    "retry_on_failure": True,
    "traceroute_on_error": False,
    "notify_on_error": True,
    "billing_plancode": "UBM - A/A",
    "alert_note": "",
    "note": "",
    "allow_internal_testing": True,
    "custom_properties": [],
    "access_type": "Edit",
    "blackout_ids": [],
    "has_performance_alerts": False,
    "has_active_performance_alerts": False,
    "has_sla": False,
    "sla_id": None,
    "public_id": "33333333-3333-4333-8333-333333333333",
    "customer_id": 1,
    "user": None,
    "starttls": "opportunistic",
    "verify_certificate": True,
}
