"""Incidents: the list, one with its timeline and what people do about it, and why nobody was paged."""
