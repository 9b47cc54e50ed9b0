"""Planned checks, their results and gaps, and who schedules them."""
