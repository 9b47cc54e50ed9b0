"""Maintenance windows on a real database."""
