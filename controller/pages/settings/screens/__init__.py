"""Tokens of screens on a wall: read-only, for one view."""
