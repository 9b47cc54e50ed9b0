"""Runs a check from request to result."""
