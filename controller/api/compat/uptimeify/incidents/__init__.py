"""Incidents: lists, timelines, the histories of a monitor, and what people do about an incident."""
