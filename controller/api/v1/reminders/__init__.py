"""Reminders of organizations and customers."""
