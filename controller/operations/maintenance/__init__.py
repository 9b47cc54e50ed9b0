"""Maintenance windows: planned, listed, changed, begun, prolonged and ended."""
