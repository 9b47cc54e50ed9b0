"""Incidents: how people read them, and what they do about them."""
