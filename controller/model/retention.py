"""How long what is stored is kept."""

from __future__ import annotations

DETAIL_DAYS = 30
"""Results, gaps, dead letters, blind periods and deleted monitors, in days. Hourly rollups are kept longer."""

VERDICT_DAYS = 32
"""For how many days it is known when verdicts changed."""

UNCONFIRMED_DAYS = 8
"""Failures that opened no incident, in days."""

AUDIT_DAYS = 400
"""Entries of the audit log, in days. The database refuses to remove younger ones (migration 0017_audit)."""
