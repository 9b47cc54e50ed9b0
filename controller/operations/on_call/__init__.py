"""Reminders, escalation policies and rotas: what people and programs may do with them."""
