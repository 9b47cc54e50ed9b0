"""The fields of the audit log in words. A name that has none here is of a channel's type or an older version: it is
taken apart into its own words. Pure.
"""

from __future__ import annotations

import re

from controller.model.values.field_names import camel

FIELDS = {
    "description": "description",
    "start": "start",
    "end": "end",
    "recurrence": "repeats",
    "effect": "what happens meanwhile",
    "targets": "for which monitors",
    "occurrence": "time of this occurrence",
    "madeBy": "made by",
    "name": "name",
    "companyName": "company",
    "street": "street",
    "postalCode": "postal code",
    "city": "city",
    "country": "country",
    "vatId": "VAT number",
    "billingEmail": "e-mail address for invoices",
    "allowedCheckCountryCodes": "countries that may check",
    "defaultNotificationChannels": "usual kinds of notification",
    "defaultNotificationTargets": "usual addresses of notifications",
    "timeZone": "time zone",
    "keepResultsDays": "days for which results are kept",
    "keepRollupsMonths": "months for which summaries are kept",
    "email": "e-mail address",
    "status": "status",
    "packageType": "package",
    "notificationEmail": "e-mail address for notifications",
    "notificationPhoneNumber": "phone number for notifications",
    "alertLocationThresholdCount": "locations that must fail",
    "monthlyReportsEnabled": "monthly reports",
    "customFields": "own field",
    "firstName": "first name",
    "lastName": "last name",
    "role": "role",
    "customerIds": "numbers of the customers",
    "password": "password",
    "customerId": "number of the customer",
    "scope": "scope",
    "expiresAt": "valid until",
    "kind": "protocol",
    "hostname": "host",
    "port": "port",
    "intervalSeconds": "seconds between checks",
    "timeoutSeconds": "timeout in seconds",
    "evaluationDeadlineSeconds": "seconds until a result comes too late",
    "config": "settings",
    "notes": "notes",
    "labels": "label",
    "project": "project",
    "externalKey": "external key",
    "ipv4": "fixed IPv4 address",
    "resolveDns": "host is looked up for each check",
    "locationIds": "numbers of the locations",
    "homeLocationId": "number of the home location",
    "mode": "preset of the policy",
    "rotateLocations": "locations take turns",
    "locationsPerRound": "locations in each round",
    "retryOnFailure": "failed checks are repeated",
    "notifyOnError": "somebody is notified of incidents",
    "alertsite": "settings of AlertSite's API",
    "monitorId": "number of the monitor",
    "type": "type",
    "category": "category",
    "priority": "order",
    "delaySeconds": "seconds before it is notified",
    "conditions": "conditions",
    "isActive": "in use",
    "allowedPackageTypes": "only for packages",
    "forOps": "for the operators of Mailprobe",
    "factChanges": "notified of changes of servers",
    "code": "code",
    "countryCode": "country",
    "enabled": "enabled",
    "natsUrl": "address of the message broker",
    "reads": "formats of messages that are understood",
    "view": "view",
    "interval": "minutes between checks",
    "timeout": "timeout in seconds",
    "locations": "numbers of the locations",
    "homeLocation": "number of the home location",
    "monitorLocationCount": "locations in each round",
    "tracerouteOnError": "traceroute after a failure",
    "allowInternalTesting": "internal tests allowed",
    "policy": "policy",
    "color": "color",
    "quorum": "locations that must fail",
    "voters": "whose checks count",
    "order": "who checks in a round",
    "rechecks": "rechecks",
    "consecutiveRounds": "failing rounds in a row",
    "recoveryRounds": "passing rounds that close an incident",
    "regionalAfterSeconds": "seconds until a partial outage opens an incident",
    "issuer": "issuer",
    "clientId": "client ID",
    "clientSecret": "client secret",
    "scopes": "scopes",
    "groupsClaim": "claim of the groups",
    "roles": "roles of the groups",
    "defaultRole": "role without a group",
    "createUsers": "accounts are made at the first login",
    "allowedEmailDomains": "domains of e-mail addresses",
    "query": "filter",
    "shared": "for everybody of the organization",
    "by": "by",
    "reason": "reason",
    "notice": "note",
    "customer": "customer",
    "admin": "administrator",
    "subject": "subject of the events",
    "oldKeysEndAfter": "old keys end after",
    "ids": "keys",
    "columns": "columns",
    "states": "states",
    "tlsOptions": "encryption",
    "rejectUnauthorized": "certificate is verified",
    "warningMs": "slow after (ms)",
    "secure": "TLS from the beginning",
    "requireTls": "STARTTLS is required",
    "ignoreTls": "STARTTLS is not used",
    "auth": "login",
    "user": "user",
    "pass": "password",
    "accessToken": "access token",
    "starttls": "STARTTLS",
    "protocol": "protocol",
}
_FREE = frozenset({"labels", "customFields", "headers"})
"""Fields that hold others whose names somebody chose."""
_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words_of_field(path: str) -> str:
    """Of a field, with dots where it is within another one: "label: team", "login: user"."""
    parts = path.split(".")
    if parts[0] in ("config", "policy") and parts[1:]:
        del parts[0]
    for place, part in enumerate(parts[:-1]):
        if part in _FREE:
            return ": ".join([*map(_words, parts[: place + 1]), ".".join(parts[place + 1 :])])
    return ": ".join(map(_words, parts))


def _words(name: str) -> str:
    return FIELDS.get(camel(name)) or _CAPITALS.sub(" ", name).replace("_", " ").lower()
