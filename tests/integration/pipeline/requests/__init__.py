"""Requests to agents on a real broker."""
