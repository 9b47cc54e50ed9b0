"""All groups of monitors in Uptimeify's shape: the two that its clients know, with the exact texts of its pages, and
one for each other type of monitor.
"""

from __future__ import annotations

from typing import Any

from controller.api.compat.uptimeify.monitor_group import UptimeifyGroup
from controller.api.compat.uptimeify.monitors.examples import MonitorExample
from controller.kinds import imap_pop, smtp, types

_OURS = (
    "ipFamily (any, ipv4 or ipv6), warningMs (a passing check that took longer has a warning) and"
    " certificateWarningDays (14); other keys are kept. A secret sent as ******** keeps the stored one."
)

SMTP = UptimeifyGroup(
    monitor_type=smtp.TYPE,
    not_found="Not found",
    unknown_customer=None,
    embeds_customer=False,
    port_rule="1 to 65535. Null: 465 with secure, else 25.",
    config_rule=(
        "Replaces the stored config. The check uses secure, ignoreTls, requireTls, auth.user, auth.pass,"
        " auth.accessToken (instead of auth.pass: an OAuth 2.0 access token), tlsOptions.rejectUnauthorized,"
        f" ehloName, mailFrom and rcptTo (is that recipient accepted?), {_OURS}"
    ),
    example=MonitorExample(
        id=200,
        name="Outbound SMTP",
        hostname="smtp.example.com",
        port=587,
        interval_seconds=3600,
        config={
            "secure": False,
            "ignoreTls": False,
            "requireTls": False,
            "auth": {"user": "username", "pass": "password"},
        },
    ),
)

IMAP_POP = UptimeifyGroup(
    monitor_type=imap_pop.TYPE,
    port_rule="1 to 65535. Null: with tls 993 for imap and 995 for pop3, else 143 and 110.",
    config_rule=(
        "Replaces the stored config. The check uses protocol (imap, the default, or pop3), user, password,"
        " accessToken (instead of password: an OAuth 2.0 access token), tls, starttls (never, the default,"
        " opportunistic or required), tlsOptions.rejectUnauthorized, mailbox (imap; INBOX when not given),"
        f" {_OURS}"
    ),
    example=MonitorExample(
        id=500,
        name="Mailbox Access",
        hostname="mail.example.com",
        port=993,
        interval_seconds=1800,
        config={
            "protocol": "imap",
            "user": "monitor@example.com",
            "password": "password",
            "tls": True,
            "tlsOptions": {"rejectUnauthorized": True},
        },
    ),
)

_VENDORS = {group.monitor_type.name: group for group in (SMTP, IMAP_POP)}


def vendors_numbers(kind: str | None, number: int | None) -> dict[str, Any]:
    """The two fields of the vendor for a monitor's number, of which at most one is set."""
    return {
        "smtp_monitor_id": number if kind in SMTP.kinds else None,
        "imap_pop_monitor_id": number if kind in IMAP_POP.kinds else None,
    }


GROUPS = tuple(_VENDORS.get(each.name) or UptimeifyGroup(monitor_type=each) for each in types())
