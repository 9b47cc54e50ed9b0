"""Maintenance windows of our own API."""
