"""Maintenance windows and tags in the APIs of vendors."""
