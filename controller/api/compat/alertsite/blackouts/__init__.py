"""Blackouts: maintenance windows as AlertSite knows them (docs/compatibility.md, A16)."""
