"""The tags of the document, each with a sentence about its routes, in the order of a person who begins."""

from __future__ import annotations

from typing import Any

_TAGS = {
    "Monitors": "What is checked: one shape for every kind, with a `target` that is typed by kind.",
    "Labels": "Keys and values on monitors, for finding and changing many at once.",
    "Trials": "Check a server once, from several countries, without a monitor.",
    "Results": "What every check found, to read and to export.",
    "Incidents": "Outages: what happened, and what people did about them.",
    "Policies": "When failures are believed, for a monitor, a customer or an organization.",
    "Locations": "Where checks run, and whether they can.",
    "Stream": "Everything that happens, as it happens, as server-sent events.",
    "Live": "Results, verdicts and incidents as they happen, as server-sent events.",
    "Customers": "The customers of an organization, who own its monitors.",
    "Organizations": "Organizations with their settings; each sees its own only.",
    "Organization": "The organization of the caller, in Uptimeify's shape.",
    "Users": "The people of an organization, their roles and the customers they are limited to.",
    "Tokens": "Tokens of programs, with scopes and an end.",
    "API tokens": "Tokens of programs, in Uptimeify's shape.",
    "Channels": "Where messages about outages go.",
    "Notification channels": "Where messages about outages go, in Uptimeify's shape.",
    "Hooks": "What is done in on-call services comes back here.",
    "Account": "The caller: role, scopes, profile, sessions.",
    "Session": "Logging in and out.",
    "Sign-on": "Single sign-on by OpenID Connect.",
    "Facts": "What locations see of servers, what differs between them, and what changed.",
    "Audit": "Who changed what, when and from where.",
    "AlertSite": "Monitors, locations and status in AlertSite's shape.",
    "System": "Health and metrics.",
}


def tags_of(paths: dict[str, Any]) -> list[dict[str, str]]:
    """The tags that the operations have. One that is not known here is of a type of monitors, in Uptimeify's shape."""
    used = {tag for methods in paths.values() for operation in methods.values() for tag in operation["tags"]}
    known = [{"name": name, "description": text} for name, text in _TAGS.items() if name in used]
    of_types = [
        {"name": name, "description": f"{name}, in Uptimeify's shape."} for name in sorted(used.difference(_TAGS))
    ]
    return known + of_types
