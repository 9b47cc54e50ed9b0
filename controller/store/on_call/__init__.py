"""Reminders, escalation policies and rotas, and which groups of incidents wait for somebody."""
