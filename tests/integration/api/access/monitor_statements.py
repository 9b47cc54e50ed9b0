"""The documented statements about the monitor routes ([D] in the reference) as rows, with their section numbers."""

from __future__ import annotations

import re
from typing import Any

from tests.integration.api.conftest import CUSTOMER, OTHER_CUSTOMER, STRANGE_CUSTOMER
from tests.integration.api.documented import MOMENT, Row

SMTP, MAIL = "/api/smtp-monitors", "/api/imap-pop-monitors"
UNKNOWN_ID = "99999999-0000-4000-8000-000000000000"
SMTP_CONFIG = {"secure": False, "ignoreTls": False, "requireTls": False, "auth": {"user": "u", "pass": "p"}}
MAIL_CONFIG = {"protocol": "imap", "user": "u", "password": "p", "tls": True}
NEW_SMTP = {"customerId": "{customer_id}", "name": "Outbound SMTP", "hostname": "smtp.example.com"}
NEW_MAIL = {"customerId": "{customer_id}", "name": "Mailbox Access", "hostname": "mail.example.com"}
ITEM = {
    "id": int, "organizationId": int, "customerId": int, "name": str, "hostname": str, "port": 587,
    "status": "active", "checkInterval": 60, "timeoutSeconds": 30, "customerName": "Example Customer",
    "notificationEmail": None, "notificationPhoneNumber": None, "lastCheckedAt": None,
    "createdAt": MOMENT, "updatedAt": MOMENT, "config": dict,
}  # fmt: skip
UNAUTHORIZED = "Unauthorized"
BAD_HOST = "hostname must be a valid hostname (no protocol, no path)"
NO_CUSTOMER = "Invalid Customer identifier"
WRITTEN = {key: value for key, value in ITEM.items() if key != "customerName"} | {"port": None, "checkInterval": 30}


def both(title: str, method: str, rest: str, status: int, smtp: Any, mail: Any = None, **fields: Any) -> list[Row]:
    """A statement that both pages make. `mail` is the expected answer for IMAP/POP where it differs from SMTP."""
    return [
        Row(f"smtp: {title}", method, f"{SMTP}{rest}".replace("{one}", "{smtp}"), status, smtp, **fields),
        Row(
            f"imap-pop: {title}",
            method,
            f"{MAIL}{rest}".replace("{one}", "{mail}").replace("{smtp_number}", "{mail_number}"),
            status,
            smtp if mail is None else mail,
            **fields,
        ),
    ]


REQUIRED = ("SMTP monitor public ID (UUID) required", "IMAP/POP monitor public ID (UUID) required")
INVALID = ("Invalid SMTP monitor public ID (UUID)", "Invalid IMAP/POP monitor public ID (UUID)")
MISSING = ("Not found", "IMAP/POP monitor not found")
ON_ONE = [
    *(("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/trigger-check"), ("GET", "/check-history")),
    *(("GET", "/incident-history"), ("GET", "/alert-history"), ("GET", "/details")),
]

NOTHING: dict[str, Any] = {}
ERRORS = [
    row
    for method, rest in ON_ONE
    for body in (NOTHING if method == "PATCH" else None,)
    for messages in [INVALID if rest == "/details" else REQUIRED]
    for row in (
        *both(f"1.4 {method} {rest} of a number", method, "/{smtp_number}" + rest, 400, *messages, body=body),
        *both(f"1.4 {method} {rest} of a word", method, "/abc" + rest, 400, *messages, body=body),
        *both(f"{method} {rest} of no monitor", method, f"/{UNKNOWN_ID}{rest}", 404, *MISSING, body=body),
        *both(f"{method} {rest} without a session", method, "/{one}" + rest, 401, UNAUTHORIZED,
              body=body, caller="nobody"),
        *both(f"{method} {rest} out of scope", method, "/{one}" + rest, 403, "Forbidden", body=body, caller="other"),
        *both(f"{method} {rest} of another organization's monitor", method, "/{one}" + rest, 404, *MISSING,
              body=body, caller="stranger"),
    )
] + [
    row
    for method, rest in (("GET", ""), ("POST", ""))
    for row in both(f"{method} of all without a session", method, rest, 401, UNAUTHORIZED, caller="nobody")
]  # fmt: skip

LIST = [
    *both("the envelope and the defaults of page and perPage", "GET", "", 200,
          {"items": list, "total": int, "page": 1, "perPage": 50}),
    *both("page and perPage", "GET", "", 200, {"items": [], "page": 1000, "perPage": 200},
          query={"page": "1000", "perPage": "200"}),
    *both("perPage is 200 at most", "GET", "", 400, {"message": re.compile("perPage must be .*200")},
          query={"perPage": "201"}),
    *both("a malformed organizationId", "GET", "", 400, "Invalid organizationId", query={"organizationId": "x"}),
    *both("a malformed customerId", "GET", "", 400, NO_CUSTOMER, query={"customerId": "x"}),
    *both("another organization", "GET", "", 403, "Forbidden", query={"organizationId": "987654"}),
    *both("a customer outside the scope", "GET", "", 403, "Forbidden", caller="other",
          query={"customerId": CUSTOMER}),
    *both("customerId filters, by UUID", "GET", "", 200, {"total": 0}, query={"customerId": OTHER_CUSTOMER}),
    *both("search finds nothing", "GET", "", 200, {"items": [], "total": 0}, query={"search": "no such thing"}),
    Row("items hold the documented keys", "GET", SMTP, 200, {"items": [ITEM]}, query={"search": "Searched SMTP"}),
    Row("search by host name", "GET", SMTP, 200, {"total": 1}, query={"search": "searched.example"}),
    Row("search by customer", "GET", SMTP, 200, {"total": int}, query={"search": "Example Customer"}),
    Row("items hold the documented keys", "GET", MAIL, 200, {"items": [ITEM | {"port": 993}]},
        query={"search": "Searched Mail"}),
]  # fmt: skip

CREATE = [
    Row("the answer is the monitor", "POST", SMTP, 200, WRITTEN, body=NEW_SMTP),
    Row("the answer is the monitor", "POST", MAIL, 200, WRITTEN, body=NEW_MAIL),
    Row("config and smtpConfig hold the same, the password in clear", "POST", SMTP, 200,
        {"config": SMTP_CONFIG, "smtpConfig": SMTP_CONFIG}, body=NEW_SMTP | {"smtpConfig": SMTP_CONFIG}),
    Row("config and imapPopConfig hold the same, the password in clear", "POST", MAIL, 200,
        {"config": MAIL_CONFIG, "imapPopConfig": MAIL_CONFIG}, body=NEW_MAIL | {"imapPopConfig": MAIL_CONFIG}),
    *(
        row
        for path, new in ((SMTP, NEW_SMTP), (MAIL, NEW_MAIL))
        for row in (
            *(Row(f"{path} customerId as {what}", "POST", path, 200, {"customerId": int},
                  body=new | {"customerId": value})
              for what, value in (("a number", "{customer_id}"), ("a UUID", CUSTOMER))),
            *(Row(f"{path} {name} is required", "POST", path, 400, f"{name} is required",
                  body={key: value for key, value in new.items() if key != name}) for name in ("name", "hostname")),
            Row(f"{path} customerId is required", "POST", path, 400, NO_CUSTOMER,
                body={key: value for key, value in new.items() if key != "customerId"}),
            *(Row(f"{path} status {word}", "POST", path, 200, {"status": stored}, body=new | {"status": word})
              for word, stored in (("active", "active"), ("maintenance", "maintenance"), ("disabled", "disabled"),
                                   ("paused", "disabled"), ("inactive", "disabled"))),
            *(Row(f"{path} hostname {host}", "POST", path, 400, BAD_HOST,
                  body=new | {"hostname": host}) for host in ("https://a.example", "a.example/smtp")),
            Row(f"{path} a null port is stored", "POST", path, 200, {"port": None}, body=new | {"port": None}),
            *(Row(f"{path} {caller} may not create", "POST", path, 403, "Forbidden", caller=caller, body=new)
              for caller in ("readonly", "supporter")),
            Row(f"{path} a customer outside the scope", "POST", path, 403, "Forbidden", caller="other", body=new),
            Row(f"{path} a malformed customer", "POST", path, 400, NO_CUSTOMER, body=new | {"customerId": "x"}),
        )
    ),
    Row("an unknown customer", "POST", SMTP, 400, NO_CUSTOMER, body=NEW_SMTP | {"customerId": 987654}),
    Row("a customer of another organization", "POST", SMTP, 400, NO_CUSTOMER,
        body=NEW_SMTP | {"customerId": STRANGE_CUSTOMER}),
    Row("an unknown customer", "POST", MAIL, 404, "Customer not found", body=NEW_MAIL | {"customerId": 987654}),
    Row("a customer of another organization", "POST", MAIL, 404, "Customer not found",
        body=NEW_MAIL | {"customerId": STRANGE_CUSTOMER}),
]  # fmt: skip

READ = [
    Row("as created, and customerName", "GET", SMTP + "/{smtp}", 200,
        ITEM | {"port": None, "checkInterval": 30, "smtpConfig": dict}),
    Row("allowedCheckCountryCodes and an embedded customer", "GET", MAIL + "/{mail}", 200, {
        "allowedCheckCountryCodes": None, "imapPopConfig": dict,
        "customer": {"id": int, "organizationId": int, "name": "Example Customer", "email": None,
                     "allowedCheckCountryCodes": None, "customFields": None, "alertLocationThresholdCount": None,
                     "createdAt": MOMENT, "updatedAt": MOMENT},
    }),
    *(Row(f"{path} readonly reads monitors of its customers", "GET", path, 200, {"id": int}, caller="readonly")
      for path in (SMTP + "/{smtp}", MAIL + "/{mail}")),
    *(Row(f"{path} global supporters read", "GET", path, 200, {"id": int}, caller="supporter")
      for path in (SMTP + "/{smtp}", MAIL + "/{mail}")),
]  # fmt: skip

SHORT = {"secure": False, "requireTls": True, "auth": {"user": "u", "pass": "p"}}
POP = {"protocol": "pop3", "user": "u", "password": "p", "tls": True}
UPDATE = [
    *(
        row
        for path, own, config in ((SMTP + "/{smtp}", "smtpConfig", SHORT), (MAIL + "/{mail}", "imapPopConfig", POP))
        for row in (
            Row(f"{path} all fields are optional", "PATCH", path, 200, {"name": str}, body={}),
            Row(f"{path} all documented fields", "PATCH", path, 200,
                {"name": "N", "hostname": "n.example.com", "port": 25, "checkInterval": 5, "timeoutSeconds": 7},
                body={"name": "N", "hostname": "n.example.com", "port": 25, "checkInterval": 5, "timeoutSeconds": 7}),
            *(Row(f"{path} {word} is stored as disabled", "PATCH", path, 200, {"status": "disabled"},
                  body={"status": word})
              for word in ("paused", "inactive")),
            Row(f"{path} an unknown status", "PATCH", path, 400, "Invalid status", body={"status": "x"}),
            Row(f"{path} an invalid hostname", "PATCH", path, 400, BAD_HOST,
                body={"hostname": "https://x"}),
            Row(f"{path} country codes are upper-cased, once each", "PATCH", path, 200,
                {"allowedCheckCountryCodes": ["DE", "US"]}, body={"allowedCheckCountryCodes": ["de", "us", "DE"]}),
            Row(f"{path} an empty list of codes is null", "PATCH", path, 200, {"allowedCheckCountryCodes": None},
                body={"allowedCheckCountryCodes": []}),
            *(Row(f"{path} {name} replaces the stored config", "PATCH", path, 200, {"config": config, own: config},
                  body={name: config}) for name in (own, "config")),
            Row(f"{path} readonly may change the status", "PATCH", path, 200, {"status": "disabled"}, caller="readonly",
                body={"status": "disabled"}),
            *(Row(f"{path} readonly may not change {name}", "PATCH", path, 403, "Forbidden", caller="readonly",
                  body={"status": "active", name: value}) for name, value in (("name", "N"), ("port", 25), (own, {}))),
            Row(f"{path} global supporters may not update", "PATCH", path, 403, "Forbidden", caller="supporter",
                body={"status": "disabled"}),
        )
    ),
]  # fmt: skip

RUN = [
    Row("a trigger queues a job for every eligible location", "POST", SMTP + "/{smtp}/trigger-check", 200, {
        "success": True, "message": "Checks triggered successfully", "smtpMonitorId": int,
        "locationCodes": ["de-nbg", "fi-hel"],
        "queueNames": ["smtp-monitor-checks-de-nbg", "smtp-monitor-checks-fi-hel"],
    }),
    Row("a trigger queues a job for every eligible location", "POST", MAIL + "/{mail}/trigger-check", 200, {
        "success": True, "message": "Checks triggered successfully", "imapPopMonitorId": int,
        "queueNames": ["imap-pop-monitor-checks-de-nbg", "imap-pop-monitor-checks-fi-hel"],
    }),
    *both("a trigger needs write access", "POST", "/{one}/trigger-check", 403, "Forbidden", caller="readonly"),
    *both("global supporters may not trigger", "POST", "/{one}/trigger-check", 403, "Forbidden",
          caller="supporter"),
    *both("alert-history", "GET", "/{one}/alert-history", 200, {"alerts": [], "total": 0}),
    *both("incident-history", "GET", "/{one}/incident-history", 200, {"incidents": [], "total": 0}),
    *both("check-history", "GET", "/{one}/check-history", 200, {"data": []}),
    *both("a limit above 200", "GET", "/{one}/check-history", 400, {"message": re.compile("limit must be .*200")},
          query={"limit": "201"}),
    *both("DELETE", "DELETE", "/{one}", 200, {"success": True}),
]  # fmt: skip

DETAILS_KEYS: dict[str, Any] = {
    "monitor": {"id": int, "customerId": int, "name": str, "hostname": str, "port": None, "status": "active",
                "checkInterval": 30, "timeoutSeconds": 30, "config": dict},
    "latestCheck": None,
    "uptimeStats": dict.fromkeys(("day", "month", "year", "dayAvgResponse", "monthAvgResponse", "yearAvgResponse")),
    "uptimeStatsMeta": dict,
    "monitoringData": [],
    "incidents": [],
    "alerts": [],
    "testResultLog": [],
    "maintenance": {"inMaintenance": False, "activeWindows": [], "allWindows": []},
}  # fmt: skip
DETAILS = [
    *both("all keys", "GET", "/{one}/details", 200,
          DETAILS_KEYS | {"smtpMonitorId": int}, DETAILS_KEYS | {"imapPopMonitorId": int}),
    *(row for name in ("day", "week", "month", "year")
      for row in both(f"range {name}", "GET", "/{one}/details", 200, {}, query={"range": name})),
    *both("date", "GET", "/{one}/details", 200, {}, query={"date": "2026-01-01T12:00:00.000Z"}),
    *both("startDate and endDate", "GET", "/{one}/details", 200, {},
          query={"startDate": "2026-01-01", "endDate": "2026-01-02"}),
    *both("granularity=raw", "GET", "/{one}/details", 200, {}, query={"granularity": "raw"}),
]  # fmt: skip

ROWS = [*ERRORS, *LIST, *CREATE, *READ, *UPDATE, *RUN, *DETAILS]
