"""Who may read and change the policies of organizations and customers."""

from __future__ import annotations

from typing import Any

from tests.integration.api.access.roles import RIGHTS

ORGANIZATION_WIDE = ("organization token", "admin", "user", "editor")

POLICIES: list[tuple[str, str, Any, frozenset[str] | set[str]]] = [
    ("GET", "/api/organization/policy", None, frozenset(RIGHTS)),
    (
        "PATCH",
        "/api/organization/policy",
        {"quorum": "any"},
        {"organization token", "admin", "global admin"},
    ),
    ("GET", "/api/v1/organizations/{organization}/policy", None, frozenset(RIGHTS)),
    (
        "PATCH",
        "/api/v1/organizations/{organization}/policy",
        {"quorum": "any"},
        {"organization token", "admin", "global admin"},
    ),
    (
        "POST",
        "/api/v1/organizations/{organization}/policy/preview",
        {"quorum": "any"},
        {"organization token", "admin", "global admin"},
    ),
    (
        "POST",
        "/api/v1/customers/{own}/policy/preview",
        {"quorum": "any"},
        {"organization token", "admin", "admin of one customer", "global admin"},
    ),
    ("GET", "/api/v1/customers/{own}/policy", None, frozenset(RIGHTS) - {"readonly of none"}),
    (
        "PATCH",
        "/api/v1/customers/{own}/policy",
        {"quorum": "any"},
        {"organization token", "admin", "admin of one customer", "global admin"},
    ),
    ("GET", "/api/customers/{own}/policy", None, frozenset(RIGHTS) - {"readonly of none"}),
    (
        "GET",
        "/api/customers/{other}/policy",
        None,
        {*ORGANIZATION_WIDE, "global supporter", "global admin"},
    ),
    (
        "PATCH",
        "/api/customers/{own}/policy",
        {"quorum": "any"},
        {"organization token", "admin", "admin of one customer", "global admin"},
    ),
    (
        "PATCH",
        "/api/customers/{other}/policy",
        {"quorum": "any"},
        {"organization token", "admin", "global admin"},
    ),
]
"""As the table of other routes has them."""
