"""Monitors: create, read, change, delete."""
