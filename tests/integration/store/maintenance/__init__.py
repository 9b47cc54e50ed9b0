"""Maintenance windows in the database."""
