"""Databases and measurements of single pages of the dashboard."""
