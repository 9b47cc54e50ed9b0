"""Monitors, their configs and policies, and their latest results."""
