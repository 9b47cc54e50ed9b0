"""Targets: what callers of the API and operators configure."""
