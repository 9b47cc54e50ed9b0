"""Requests to agents: their logins in the form that each agent reads, and those of trials."""
