"""Incidents of one cause, reported together."""
