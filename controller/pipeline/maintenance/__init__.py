"""Maintenance windows begin and end at their moments."""
