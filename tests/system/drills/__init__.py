"""Drills: parts of a product under load die."""
