"""Calendars: addresses for calendar programs, and windows from calendar files."""
