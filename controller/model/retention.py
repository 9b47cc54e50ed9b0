"""How long what is stored is kept."""

from __future__ import annotations

DETAIL_DAYS = 30
"""Results, gaps, dead letters, blind periods and deleted monitors, in days. Hourly rollups are kept longer."""
