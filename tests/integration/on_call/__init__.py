"""Reminders, escalation and rotas on a real database."""
