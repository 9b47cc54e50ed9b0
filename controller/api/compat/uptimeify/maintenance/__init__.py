"""Maintenance windows in Uptimeify's shape (docs/compatibility.md, U29)."""
