"""Feeds of maintenance windows for calendar programs."""
