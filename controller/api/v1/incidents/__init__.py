"""Incidents: what people send to act on one."""
