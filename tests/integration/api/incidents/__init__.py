"""Incidents, and the incident and alert histories of a monitor."""
