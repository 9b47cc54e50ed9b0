"""Checks of a monitor: run them now, and read their history."""
