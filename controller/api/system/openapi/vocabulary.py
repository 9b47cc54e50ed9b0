"""Texts of the document as a whole, and what its parts are called."""

from __future__ import annotations

DESCRIPTION = """\
Monitors of mail services, checked from several countries.

Our own API is below `/api/v1`: one shape for every kind of monitor. The groups in the shapes of Uptimeify and AlertSite
work on the same monitors.

Every request may carry an `X-Request-Id` (1 to 128 letters, digits, dots, hyphens, underscores), which names it in our
log; every answer has one. Answers are compressed for clients that accept gzip. A time in an answer is in UTC with
milliseconds. What is announced to end is named in the headers `Deprecation` (RFC 9745) and `Sunset` (RFC 8594).
"""
LICENCE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}

OURS = "/api/v1/"
UPTIMEIFY = "In Uptimeify's shape: "
ALERTSITE = "In AlertSite's shape: "
