"""Maintenance windows, when they are, and which monitors are in maintenance."""
