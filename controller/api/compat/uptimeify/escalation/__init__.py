"""The escalation of an organization."""
