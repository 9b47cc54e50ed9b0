"""Examples of AlertSite's routes for the OpenAPI document: as printed where a page prints them."""

from __future__ import annotations

from typing import Any

IDENTIFIED = {"id": "123456"}
ACCESS_TOKEN = {"access_token": "0123456789abcdef0123456789abcdef"}
WRONG_LOGIN = "invalid_request - User authentication failed."
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


def listed(result: dict[str, Any]) -> dict[str, Any]:
    """A list that holds this result and no other."""
    return {
        "metadata": {
            "__permissions": {"acl": 7},
            "resultset": {"count": 1, "limit": None, "offset": "0", "total": 1},
        },
        "results": [result],
    }


LOCATION = {
    "id": 1,
    "name": "Germany",
    "region": 2,
    "country": "Germany",
    "code": "de",
    "country_code": "DE",
    "enabled": True,
}
DEFAULTS = {
    "interval": 15,
    "timeout": 30,
    "enabled": True,
    "resolve_dns": True,
    "locations": [{"id": 1, "name": "Germany", "region": 2}],
    "home_location": None,
    "mode": "Global Verify",
    "rotate_locations": False,
    "monitor_location_count": 1,
    "retry_on_failure": True,
    "notify_on_error": True,
    "traceroute_on_error": False,
    "allow_internal_testing": True,
}
SITE_STATUS = {
    "device_id": 123456,
    "device_name": "Email Sample Monitor",
    "device_type": "email-smtp",
    "last_status": "0",
    "last_status_desc": "OK",
    "dt_last_status": "2026-01-01T12:00:00.000Z",
    "info_msg": "1 of 1 locations OK",
    "locations": [
        {
            "id": 1,
            "name": "Germany",
            "last_status": "0",
            "last_status_desc": "OK",
            "dt_last_status": "2026-01-01T12:00:00.000Z",
        }
    ],
}
