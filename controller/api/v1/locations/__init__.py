"""Locations: where checks run from."""
