"""Pages of escalation policies and reminders."""
