"""Reminders and escalation steps while nobody takes an incident, and the calendars of rotas."""
