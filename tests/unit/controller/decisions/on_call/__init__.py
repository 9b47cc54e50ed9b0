"""Rules of reminders, escalation and rotas."""
