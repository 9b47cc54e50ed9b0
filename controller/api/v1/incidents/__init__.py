"""Incidents in our own API, and what people send to act on one."""
